package parallel.process;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.security.DigestInputStream;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * A class path by its content: each entry is a file with its SHA-256, a directory is packed into a jar, in the order
 * of the names and without times. What was summed is remembered, here and in the user's cache directory, by path, size
 * and time; a directory by those of all files in it. Safe from any thread.
 */
public final class Blobs
{
    private static final String PACKED = "packed";
    private static final String SUMS = "sums";
    private static final int MOST_PACKED = 64;
    private static final int STAMP_LENGTH = 64;
    private static final Duration IN_USE = Duration.ofHours(1);
    /** A file that has just been written may be written again within the same tick of the clock of its file system. */
    private static final long SETTLED_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final int TRIES = 5;
    private static final LocalDateTime NO_TIME = LocalDateTime.of(1980, 2, 1, 0, 0);
    private static final Map<Path, Known> KNOWN = new ConcurrentHashMap<>();

    private record Known(String stamp, Blob blob)
    {
    }

    /** What is on the disk now; newest is the time of the newest file. */
    private record Stamp(String text, long newest, boolean isDirectory, NavigableMap<String, Path> files)
    {
        boolean isSettled()
        {
            return TimeUnit.MILLISECONDS.toNanos(System.currentTimeMillis()) - newest > SETTLED_NANOS;
        }
    }

    private Blobs()
    {
    }

    /**
     * The content of a class path, as it is now. Reads what has changed since it was asked last.
     *
     * @param classPath entries; those that are not there, or empty, are left out, as java does.
     * @param scratch   a private directory, where there is no cache directory to pack into.
     * @return in the order of the entries.
     * @throws IOException if one cannot be read.
     */
    public static List<Blob> of(List<String> classPath, Path scratch) throws IOException
    {
        List<Blob> blobs = new ArrayList<>();
        for (String entry : ClassPath.absolute(classPath))
        {
            for (Path path : expanded(entry))
            {
                if (Files.isDirectory(path) || Files.isRegularFile(path) && Files.size(path) > 0)
                {
                    blobs.add(of(path, scratch));
                }
            }
        }
        return blobs;
    }

    private static List<Path> expanded(String entry) throws IOException
    {
        if (!entry.endsWith("/*"))
        {
            return List.of(Path.of(entry));
        }
        List<Path> jars = new ArrayList<>();
        Path directory = Path.of(entry.substring(0, entry.length() - 1));
        if (Files.isDirectory(directory))
        {
            try (DirectoryStream<Path> all = Files.newDirectoryStream(directory, "*.{jar,JAR}"))
            {
                all.forEach(jars::add);
            }
        }
        jars.sort(Comparator.naturalOrder());
        return jars;
    }

    /**
     * The content of one entry.
     *
     * @param path    of a file or a directory that is there.
     * @param scratch as above.
     * @return its content.
     * @throws IOException if it cannot be read, or does not stop changing.
     */
    public static Blob of(Path path, Path scratch) throws IOException
    {
        Stamp stamp = stamp(path);
        for (int i = 0; i < TRIES; i++)
        {
            Optional<Blob> known = known(path, stamp);
            if (known.isPresent())
            {
                return known.get();
            }
            boolean settled = stamp.isSettled();
            Blob blob = stamp.isDirectory() ? packed(stamp.files(), directory(PACKED).orElse(scratch)) :
                new Blob(sum(path), Files.size(path), path);
            Stamp after = stamp(path);
            if (after.text().equals(stamp.text()))
            {
                if (settled)
                {
                    remember(path, new Known(stamp.text(), blob));
                }
                return blob;
            }
            stamp = after;
        }
        throw new IOException("The class path entry " + path + " does not stop changing.");
    }

    // ---- what is remembered

    private static Optional<Blob> known(Path path, Stamp stamp) throws IOException
    {
        Known known = KNOWN.get(path);
        if (known == null)
        {
            known = read(path);
        }
        if (known == null || !known.stamp().equals(stamp.text()) || !Files.isRegularFile(known.blob().file()))
        {
            return Optional.empty();
        }
        KNOWN.put(path, known);
        if (stamp.isDirectory())
        {
            CacheHome.touch(known.blob().file());
        }
        return Optional.of(known.blob());
    }

    private static Known read(Path path) throws IOException
    {
        Optional<Path> sums = directory(SUMS);
        if (sums.isEmpty())
        {
            return null;
        }
        Path file = sums.get().resolve(nameOf(path));
        if (!CacheHome.isPrivate(file))
        {
            return null;
        }
        List<String> lines = Files.readAllLines(file);
        return lines.size() != 4 ? null : new Known(lines.get(0),
            new Blob(lines.get(1), Long.parseLong(lines.get(2)), Path.of(lines.get(3))));
    }

    private static void remember(Path path, Known known) throws IOException
    {
        KNOWN.put(path, known);
        Optional<Path> sums = directory(SUMS);
        if (sums.isPresent() && path.toString().indexOf('\n') < 0)
        {
            Path part = Files.createTempFile(sums.get(), "part", null);
            Files.write(part, List.of(known.stamp(), known.blob().sum(), String.valueOf(known.blob().bytes()),
                known.blob().file().toString()));
            Files.move(part, sums.get().resolve(nameOf(path)), StandardCopyOption.ATOMIC_MOVE);
        }
    }

    private static Optional<Path> directory(String name) throws IOException
    {
        return CacheHome.find(name);
    }

    private static String nameOf(Path path)
    {
        MessageDigest digest = sha256();
        digest.update(path.toString().getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().formatHex(digest.digest(), 0, 16);
    }

    // ---- stamps

    private static Stamp stamp(Path path) throws IOException
    {
        BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
        if (!attributes.isDirectory())
        {
            long time = nanos(attributes.lastModifiedTime());
            return new Stamp(attributes.size() + " " + time, time, false, null);
        }
        Walk walk = new Walk(path);
        Files.walkFileTree(path, EnumSet.of(FileVisitOption.FOLLOW_LINKS), Integer.MAX_VALUE, walk);
        MessageDigest digest = sha256();
        walk.stamps.forEach((name, stamp) ->
            digest.update((name + "\0" + stamp + "\n").getBytes(StandardCharsets.UTF_8)));
        return new Stamp(HexFormat.of().formatHex(digest.digest()), walk.newest, true, walk.files);
    }

    private static long nanos(FileTime time)
    {
        return time.to(TimeUnit.NANOSECONDS);
    }

    /** The files of a directory by their names in a jar; a directory's name ends with a slash. */
    private static final class Walk extends SimpleFileVisitor<Path>
    {
        private final Path top;
        private final NavigableMap<String, Path> files = new TreeMap<>();
        private final NavigableMap<String, String> stamps = new TreeMap<>();
        private long newest;

        Walk(Path top)
        {
            this.top = top;
        }

        @Override
        public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes)
        {
            if (!directory.equals(top))
            {
                add(top.relativize(directory) + "/", directory, "");
            }
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
        {
            if (attributes.isRegularFile())
            {
                long time = nanos(attributes.lastModifiedTime());
                newest = Math.max(newest, time);
                add(top.relativize(file).toString(), file, attributes.size() + " " + time);
            }
            return FileVisitResult.CONTINUE;
        }

        /** A link that leads nowhere or around, or what was removed meanwhile: java would not find it either. */
        @Override
        public FileVisitResult visitFileFailed(Path file, IOException e)
        {
            return FileVisitResult.CONTINUE;
        }

        private void add(String name, Path file, String stamp)
        {
            String inJar = name.replace('\\', '/');
            files.put(inJar, file);
            stamps.put(inJar, stamp);
        }
    }

    // ---- content

    private static Blob packed(NavigableMap<String, Path> files, Path directory) throws IOException
    {
        Path part = Files.createTempFile(directory, "part", null);
        try
        {
            MessageDigest digest = sha256();
            try (OutputStream out = Files.newOutputStream(part);
                ZipOutputStream jar = new ZipOutputStream(new DigestOutputStream(out, digest)))
            {
                jar.setLevel(Deflater.BEST_SPEED);
                for (Map.Entry<String, Path> each : files.entrySet())
                {
                    ZipEntry entry = new ZipEntry(each.getKey());
                    entry.setTimeLocal(NO_TIME);
                    jar.putNextEntry(entry);
                    if (!entry.isDirectory())
                    {
                        Files.copy(each.getValue(), jar);
                    }
                    jar.closeEntry();
                }
            }
            String sum = HexFormat.of().formatHex(digest.digest());
            Path place = directory.resolve(sum + ".jar");
            Files.move(part, place, StandardCopyOption.ATOMIC_MOVE);
            prune(directory);
            return new Blob(sum, Files.size(place), place);
        }
        finally
        {
            Files.deleteIfExists(part);
        }
    }

    private static void prune(Path directory) throws IOException
    {
        List<Path> jars;
        try (Stream<Path> all = Files.list(directory))
        {
            jars = all.filter(path -> path.getFileName().toString().matches("[0-9a-f]{" + STAMP_LENGTH + "}\\.jar"))
                .sorted(Comparator.comparing(Blobs::time).reversed()).toList();
        }
        Instant inUse = Instant.now().minus(IN_USE);
        for (Path old : jars.subList(Math.min(MOST_PACKED, jars.size()), jars.size()))
        {
            if (time(old).toInstant().isBefore(inUse))
            {
                Files.deleteIfExists(old);
            }
        }
    }

    private static FileTime time(Path file)
    {
        try
        {
            return Files.getLastModifiedTime(file);
        }
        catch (IOException gone)
        {
            return FileTime.fromMillis(0);
        }
    }

    static String sum(Path file) throws IOException
    {
        try (DigestInputStream in = new DigestInputStream(Files.newInputStream(file), sha256()))
        {
            in.transferTo(OutputStream.nullOutputStream());
            return HexFormat.of().formatHex(in.getMessageDigest().digest());
        }
    }

    static MessageDigest sha256()
    {
        try
        {
            return MessageDigest.getInstance("SHA-256");
        }
        catch (NoSuchAlgorithmException everyJdkHasIt)
        {
            throw new IllegalStateException(everyJdkHasIt);
        }
    }
}
