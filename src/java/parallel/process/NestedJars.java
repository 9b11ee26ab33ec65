package parallel.process;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Enumeration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.Manifest;

/**
 * Programs whose jar holds the jars of its class path, as Spring Boot packs them. Only that program's own class loader
 * reads those, so they are unpacked for workers, once per content:
 *
 * <pre>
 *   ~/.cache/parallel/start/unpacked-4f1d...9a/classes/     what lies below Spring-Boot-Classes
 *                                             /lib/*.jar    what lies below Spring-Boot-Lib
 * </pre>
 *
 * Safe from any thread, and from several processes at once.
 */
final class NestedJars
{
    private static final String LIB = "Spring-Boot-Lib";
    private static final String CLASSES = "Spring-Boot-Classes";
    /** What was found of a jar before: nothing, or the entries in its place. By path, size and time. */
    private static final Map<String, List<String>> KNOWN = new ConcurrentHashMap<>();

    private NestedJars()
    {
    }

    /**
     * Puts the unpacked entries in the place of a jar that holds them.
     *
     * @param entry of a class path, absolute.
     * @return the entry itself, if it is an ordinary one.
     * @throws UncheckedIOException when it cannot be unpacked, with a sentence that says what to do.
     */
    static List<String> unpacked(String entry)
    {
        if (!entry.endsWith(".jar") && !entry.endsWith(".war"))
        {
            return List.of(entry);
        }
        File file = new File(entry);
        return KNOWN.computeIfAbsent(entry + ' ' + file.length() + ' ' + file.lastModified(), key -> look(entry));
    }

    private static List<String> look(String entry)
    {
        try (JarFile jar = new JarFile(entry))
        {
            Manifest manifest = jar.getManifest();
            String lib = manifest == null ? null : manifest.getMainAttributes().getValue(LIB);
            return lib == null ? List.of(entry) : unpacked(jar, lib, classes(manifest.getMainAttributes()));
        }
        catch (IOException unreadable)
        {
            return List.of(entry);      // java passes over it, too
        }
    }

    private static String classes(Attributes attributes)
    {
        String classes = attributes.getValue(CLASSES);
        return classes == null ? "BOOT-INF/classes/" : classes;
    }

    private static List<String> unpacked(JarFile jar, String lib, String classes)
    {
        try
        {
            Optional<Path> home = CacheHome.find();
            if (home.isEmpty())
            {
                throw new IOException("there is no cache directory that is this user's alone");
            }
            Path place = home.get().resolve("unpacked-" + digest(Path.of(jar.getName())));
            if (!Files.isDirectory(place))
            {
                unpack(jar, lib, classes, place);
            }
            if (!CacheHome.isPrivate(place))
            {
                throw new IOException("others can write to " + place);
            }
            CacheHome.touch(place);
            return entries(jar, lib, place);
        }
        catch (IOException e)
        {
            throw new UncheckedIOException("A worker cannot read the jars within " + jar.getName() +
                ", and they cannot be unpacked: " +
                e.getMessage() + ". Let PARALLEL_CACHE name a directory of yours, or run the program unpacked " +
                "(java -Djarmode=tools -jar app.jar extract), or give the option classpath.", e);
        }
    }

    /** Whole or not at all. */
    private static void unpack(JarFile jar, String lib, String classes, Path place) throws IOException
    {
        Path scratch = Files.createTempDirectory(place.getParent(), "scratch-");
        try
        {
            Files.createDirectory(scratch.resolve("classes"));
            for (Enumeration<JarEntry> all = jar.entries(); all.hasMoreElements();)
            {
                JarEntry each = all.nextElement();
                Path target = target(each.getName(), lib, classes, scratch);
                if (target != null && !each.isDirectory())
                {
                    Files.createDirectories(target.getParent());
                    try (InputStream bytes = jar.getInputStream(each))
                    {
                        Files.copy(bytes, target);
                    }
                }
            }
            Files.move(scratch, place, StandardCopyOption.ATOMIC_MOVE);
        }
        catch (FileAlreadyExistsException | DirectoryNotEmptyException e)
        {
            // Another process was faster.
        }
        finally
        {
            Trees.remove(scratch);
        }
    }

    // Null: it is no part of the class path. A name that leads out of the directory is refused.
    private static Path target(String name, String lib, String classes, Path root) throws IOException
    {
        Path target = name.startsWith(lib) ? root.resolve("lib").resolve(name.substring(lib.length())) :
            name.startsWith(classes) ? root.resolve("classes").resolve(name.substring(classes.length())) : null;
        if (target != null && !target.normalize().startsWith(root))
        {
            throw new IOException("its entry " + name + " leads out of it");
        }
        return target;
    }

    private static List<String> entries(JarFile jar, String lib, Path place)
    {
        List<String> entries = new ArrayList<>();
        entries.add(place.resolve("classes").toString());
        jar.stream().map(JarEntry::getName).filter(name -> name.startsWith(lib) && name.endsWith(".jar"))
            .forEach(name -> entries.add(place.resolve("lib").resolve(name.substring(lib.length())).toString()));
        return List.copyOf(entries);
    }

    private static String digest(Path file) throws IOException
    {
        try (DigestInputStream in =
            new DigestInputStream(Files.newInputStream(file), MessageDigest.getInstance("SHA-256")))
        {
            in.transferTo(OutputStream.nullOutputStream());
            return HexFormat.of().formatHex(in.getMessageDigest().digest(), 0, 16);
        }
        catch (NoSuchAlgorithmException everyJdkHasIt)
        {
            throw new IllegalStateException(everyJdkHasIt);
        }
    }
}
