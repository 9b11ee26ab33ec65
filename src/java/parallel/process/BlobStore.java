package parallel.process;

import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * The jars that other machines have sent here, by their content:
 *
 * <pre>
 *   ~/.cache/parallel/blobs/  0700    SUM.jar   0600, SUM is its SHA-256
 *                                     SUM.used  when it was used last, in steps of an hour
 *                                     part...   being received
 * </pre>
 *
 * A jar is read through before this process uses it for the first time. Its own time stays as it is: start caches know
 * it by that. Safe from any thread; other processes use the same directory.
 */
public final class BlobStore
{
    private static final String JAR = ".jar";
    private static final String USED = ".used";
    private static final String PART = "part";
    private static final Duration STEP = Duration.ofHours(1);
    private static final Duration OF_A_PART = Duration.ofDays(1);
    private static final String SUM = "[0-9a-f]{64}";

    private final Path directory;
    private final long mostBytes;
    /** What was found whole, by length and time. */
    private final Map<String, String> whole = new ConcurrentHashMap<>();

    /**
     * The jars of a directory.
     *
     * @param directory of this user alone.
     * @param mostBytes more than these are removed by {@link #prune}, those first that were not used for longest.
     * @throws IOException if it is not this user's alone.
     */
    public BlobStore(Path directory, long mostBytes) throws IOException
    {
        if (!CacheHome.isPrivate(directory))
        {
            throw new IOException("The directory " + directory + " is not this user's alone.");
        }
        this.directory = directory;
        this.mostBytes = mostBytes;
    }

    /**
     * A jar that is here, and whole. One that is not whole is removed.
     *
     * @param sum of it.
     * @return where; empty if it has to be sent.
     * @throws IOException if it cannot be read.
     */
    public Optional<Path> find(String sum) throws IOException
    {
        Path file = place(sum);
        if (!Files.isRegularFile(file) || !CacheHome.isPrivate(file))
        {
            return Optional.empty();
        }
        String stamp = Files.size(file) + " " + Files.getLastModifiedTime(file);
        if (!stamp.equals(whole.get(sum)))
        {
            if (!Blobs.sum(file).equals(sum))
            {
                Files.deleteIfExists(file);
                return Optional.empty();
            }
            whole.put(sum, stamp);
        }
        used(sum);
        return Optional.of(file);
    }

    private Path place(String sum)
    {
        if (!sum.matches(SUM))
        {
            throw new IllegalArgumentException("No jar has the sum " + sum);
        }
        return directory.resolve(sum + JAR);
    }

    private void used(String sum) throws IOException
    {
        Path mark = directory.resolve(sum + USED);
        if (lastUsed(sum).isBefore(Instant.now().minus(STEP)))
        {
            Files.write(mark, new byte[0]);
            Files.setLastModifiedTime(mark, FileTime.from(Instant.now()));
        }
    }

    private Instant lastUsed(String sum)
    {
        try
        {
            return Files.getLastModifiedTime(directory.resolve(sum + USED)).toInstant();
        }
        catch (IOException never)
        {
            return Instant.EPOCH;
        }
    }

    /**
     * Begins to receive a jar.
     *
     * @param sum   of it.
     * @param bytes its length.
     * @return takes its bytes.
     * @throws IOException if no file can be made.
     */
    public Part receive(String sum, long bytes) throws IOException
    {
        return new Part(place(sum), sum, bytes);
    }

    /** A jar that is on its way. One thread at a time. */
    public final class Part implements Closeable
    {
        private final MessageDigest digest = Blobs.sha256();
        private final Path place;
        private final String sum;
        private final Path file;
        private final OutputStream out;
        private long missing;

        private Part(Path place, String sum, long bytes) throws IOException
        {
            this.place = place;
            this.sum = sum;
            this.missing = bytes;
            this.file = Files.createTempFile(directory, PART, null);
            this.out = Files.newOutputStream(file);
        }

        /**
         * Takes its next bytes.
         *
         * @return whether more are to come.
         */
        public boolean write(byte[] bytes) throws IOException
        {
            missing -= bytes.length;
            if (missing < 0)
            {
                throw new IOException("A jar is longer than was said.");
            }
            digest.update(bytes);
            out.write(bytes);
            return missing > 0;
        }

        /** It is all here: it takes its place, if it is what it should be. */
        public void finish() throws IOException
        {
            out.close();
            if (missing != 0 || !HexFormat.of().formatHex(digest.digest()).equals(sum))
            {
                throw new IOException("A jar has not arrived whole.");
            }
            used(sum);
            Files.move(file, place, StandardCopyOption.ATOMIC_MOVE);
        }

        @Override
        public void close() throws IOException
        {
            out.close();
            Files.deleteIfExists(file);
        }
    }

    /** Removes what is too much, and what was left of those that were killed. */
    public void prune() throws IOException
    {
        List<Path> files;
        try (Stream<Path> all = Files.list(directory))
        {
            files = all.toList();
        }
        Instant now = Instant.now();
        for (Path part : files)
        {
            if (part.getFileName().toString().startsWith(PART) &&
                Files.getLastModifiedTime(part).toInstant().isBefore(now.minus(OF_A_PART)))
            {
                Files.deleteIfExists(part);
            }
        }
        List<String> sums = files.stream().map(file -> file.getFileName().toString())
            .filter(name -> name.matches(SUM + "\\" + JAR)).map(name -> name.substring(0, name.length() - JAR.length()))
            .sorted(Comparator.comparing(this::lastUsed).reversed()).toList();
        long bytes = 0;
        for (String sum : sums)
        {
            bytes += Files.size(place(sum));
            if (bytes > mostBytes && lastUsed(sum).isBefore(now.minus(STEP.multipliedBy(2))))
            {
                Files.deleteIfExists(place(sum));
                Files.deleteIfExists(directory.resolve(sum + USED));
            }
        }
    }
}
