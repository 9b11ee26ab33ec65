package parallel.shared;

import java.util.Arrays;

import parallel.codec.ByName;
import parallel.control.Language;

/** Makes handles: those of the language that shares the JVM, if there is one. */
public final class HandleFactory
{
    private HandleFactory()
    {
    }

    /** Makes handles of a language. */
    public interface Maker
    {
        /**
         * A handle.
         *
         * @param seed for its constructor.
         * @return a new handle.
         */
        ArrayHandle make(ArrayHandle.Seed seed);
    }

    static ArrayHandle make(ArrayHandle.Parts parts)
    {
        return Found.MAKER == null ? new ArrayHandle(parts) : Found.MAKER.make(new ArrayHandle.Seed(parts));
    }

    // The handle that this process has of the whole array, if it is that which is meant; else a new one.
    static ArrayHandle known(Mapping mapping, ArrayHandle.Parts parts)
    {
        if (parts.mapping() != mapping || parts.readOnly() || parts.first() > 0)
        {
            return make(parts);
        }
        synchronized (mapping)
        {
            ArrayHandle known = mapping.whole();
            if (known != null && known.kind == parts.kind() && Arrays.equals(known.shape(), parts.shape()))
            {
                return known;
            }
            ArrayHandle made = make(parts);
            if (known == null)
            {
                mapping.whole(made);
            }
            return made;
        }
    }

    /** Looked up once, when the first handle is made. */
    private static final class Found
    {
        static final Maker MAKER = find();

        private static Maker find()
        {
            if (Language.find() == null)
            {
                return null;
            }
            try
            {
                return ByName.make(ByName.CLOJURE_ARRAYS, Maker.class);
            }
            catch (ReflectiveOperationException e)
            {
                throw new IllegalStateException(ByName.CLOJURE_ARRAYS + " cannot be made", e);
            }
        }
    }
}
