package parallel.codec;

import java.util.List;
import java.util.Objects;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.concurrent.CopyOnWriteArrayList;

/** The extensions known in this process: the registered ones first, the latest first of all, then those of services. */
public final class Extensions
{
    private static final List<Extension<?>> REGISTERED = new CopyOnWriteArrayList<>();
    /**
     * The library's own that registers itself when its class is loaded: with the first value here, or the first that
     * arrives.
     */
    private static final String SHARED = "parallel/shared";

    private Extensions()
    {
    }

    /**
     * Makes an extension known in this process. One of the same name is replaced. Safe from any thread.
     *
     * @param extension the extension, for messages that are written or read from now on.
     * @throws NullPointerException if it has no name or no type.
     */
    public static synchronized void register(Extension<?> extension)
    {
        String name = Objects.requireNonNull(extension.name(), "name");
        Objects.requireNonNull(extension.type(), "type");
        REGISTERED.removeIf(e -> e.name().equals(name));
        REGISTERED.add(0, extension);
        Writers.forget();
    }

    static Extension<?> of(Class<?> type)
    {
        Extension<?> wider = null;
        for (List<Extension<?>> known : List.of(REGISTERED, Services.FOUND))
        {
            for (Extension<?> extension : known)
            {
                if (extension.type() == type)
                {
                    return extension;
                }
                if (wider == null && extension.type().isAssignableFrom(type))
                {
                    wider = extension;
                }
            }
        }
        return wider;
    }

    static Extension<?> named(String name)
    {
        if (name.equals(SHARED))
        {
            loadShared();
        }
        for (List<Extension<?>> known : List.of(REGISTERED, Services.FOUND))
        {
            for (Extension<?> extension : known)
            {
                if (extension.name().equals(name))
                {
                    return extension;
                }
            }
        }
        return null;
    }

    private static void loadShared()
    {
        try
        {
            ByName.load(ByName.SHARED_EXTENSION);
        }
        catch (ClassNotFoundException e)
        {
            throw new IllegalStateException(ByName.SHARED_EXTENSION + " is not on the class path", e);
        }
    }

    /** Looked for when the first class of a user's own comes by. */
    private static final class Services
    {
        static final List<Extension<?>> FOUND = find();

        private static List<Extension<?>> find()
        {
            List<Extension<?>> found = new CopyOnWriteArrayList<>();
            try
            {
                for (Extension<?> extension : ServiceLoader.load(Extension.class, loader()))
                {
                    found.add(extension);
                }
            }
            catch (ServiceConfigurationError e)
            {
                throw new IllegalStateException("An extension listed in META-INF/services/parallel.codec.Extension " +
                    "cannot be loaded: " + e.getMessage(), e);
            }
            return found;
        }

        private static ClassLoader loader()
        {
            ClassLoader context = Thread.currentThread().getContextClassLoader();
            return context == null ? Extension.class.getClassLoader() : context;
        }
    }
}
