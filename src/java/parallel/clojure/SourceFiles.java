package parallel.clojure;

import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;

import parallel.runtime.SessionMemory;

/**
 * The files that the namespaces of a worker were loaded from, as they were then. The worker notes each in a file of the
 * session, so that others can compare it with the disk, whatever the worker does. Safe from any thread.
 */
public final class SourceFiles
{
    /**
     * A file that was written so shortly before it was looked at may be written once more without a later time: a
     * kernel's clock of files goes on in steps of 4 or 10 ms.
     */
    private static final long UNSURE_MS = 100;
    private static final char BETWEEN = '\t';

    private static final Map<String, List<Source>> NOTED = new LinkedHashMap<>();   // guarded by the class
    private static volatile long generation;
    private static FileChannel notes;      // guarded by the class

    /** A file as a namespace was loaded from it. */
    public static final class Source
    {
        private final File file;
        private final long bytes;
        private final int sum;
        private volatile long modifiedMs;
        private volatile boolean sure;

        private Source(File file, long modifiedMs, long bytes, int sum)
        {
            this.file = file;
            this.modifiedMs = modifiedMs;
            this.bytes = bytes;
            this.sum = sum;
        }

        private static Source of(File file) throws IOException
        {
            // The time first: what is written from here on has a later one, or is looked at again.
            long now = System.currentTimeMillis();
            long modifiedMs = file.lastModified();
            byte[] content = Files.readAllBytes(file.toPath());
            Source source = new Source(file, modifiedMs, content.length, sumOf(content));
            source.sure = now - modifiedMs > UNSURE_MS;
            return source;
        }

        /**
         * Which file.
         *
         * @return its absolute path.
         */
        public File file()
        {
            return file;
        }

        /**
         * Whether its content is another than it was. One that is gone, or cannot be read, has not changed: there is
         * nothing to load.
         *
         * @return not for a file that was merely touched.
         */
        public boolean isChanged()
        {
            long modified = file.lastModified();
            if (modified == 0 || modified == modifiedMs && sure)
            {
                return false;
            }
            try
            {
                Source now = of(file);
                boolean same = now.bytes == bytes && now.sum == sum;
                if (same)
                {
                    modifiedMs = now.modifiedMs;
                    sure = now.sure;
                }
                return !same;
            }
            catch (IOException unreadable)
            {
                return false;
            }
        }

        private static int sumOf(byte[] content)
        {
            CRC32C crc = new CRC32C();
            crc.update(content, 0, content.length);
            return (int)crc.getValue();
        }
    }

    private SourceFiles()
    {
    }

    /**
     * Notes that a namespace is being loaded.
     *
     * @param namespace its name.
     * @param files     that it is loaded from; one that cannot be read is left out.
     * @param beganMs   when its loading began, or before: a file that was written later may have been read before.
     */
    public static synchronized void note(String namespace, List<File> files, long beganMs)
    {
        List<Source> sources = new ArrayList<>();
        for (File file : files)
        {
            try
            {
                Source source = Source.of(file);
                sources.add(source.modifiedMs > beganMs ? new Source(file, 0, -1, 0) : source);
            }
            catch (IOException unreadable)
            {
                // Clojure has read it a moment ago: it is being removed.
            }
        }
        put(namespace, sources);
    }

    private static void put(String namespace, List<Source> sources)
    {
        NOTED.put(namespace, List.copyOf(sources));
        generation++;
        write(namespace, sources);
    }

    /**
     * What has been noted.
     *
     * @return names of namespaces, in the order in which they were loaded first, with their files.
     */
    public static synchronized Map<String, List<Source>> noted()
    {
        return new LinkedHashMap<>(NOTED);
    }

    /**
     * Notes again what was noted before.
     *
     * @param before of what {@link #noted()} gave.
     */
    public static synchronized void restore(Map<String, List<Source>> before)
    {
        before.forEach(SourceFiles::put);
    }

    /**
     * How often something was noted.
     *
     * @return another number as soon as {@link #noted()} gives something else.
     */
    public static long generation()
    {
        return generation;
    }

    /**
     * Whether one of several files has changed; the call of each evaluation.
     *
     * @param sources files.
     * @return see {@link Source#isChanged()}.
     */
    public static boolean isAnyChanged(Source[] sources)
    {
        for (Source source : sources)
        {
            if (source.isChanged())
            {
                return true;
            }
        }
        return false;
    }

    private static List<String> stale(Map<String, List<Source>> noted)
    {
        return noted.entrySet().stream().filter(each -> each.getValue().stream().anyMatch(Source::isChanged))
            .map(Map.Entry::getKey).toList();
    }

    // ---- for others: a line "namespace" and, for each of its files, one of time, bytes, sum, whether it is sure, path

    private static void write(String namespace, List<Source> sources)
    {
        StringBuilder lines = new StringBuilder(namespace).append('\n');
        for (Source each : sources)
        {
            lines.append(BETWEEN).append(each.modifiedMs).append(BETWEEN).append(each.bytes).append(BETWEEN)
                .append(each.sum).append(BETWEEN).append(each.sure).append(BETWEEN).append(each.file).append('\n');
        }
        try
        {
            if (notes == null)
            {
                notes = FileChannel.open(pathOf(ProcessHandle.current().pid()), StandardOpenOption.CREATE,
                    StandardOpenOption.APPEND);
            }
            notes.write(ByteBuffer.wrap(lines.toString().getBytes(StandardCharsets.UTF_8)));
        }
        catch (IOException | RuntimeException full)
        {
            // Then others do not see it.
        }
    }

    /** Removed with what else a worker leaves. */
    private static Path pathOf(long pid)
    {
        return SessionMemory.directory().resolve("code-" + pid + "-0");
    }

    /**
     * The namespaces of a worker of this machine that are older than the disk. Never waits for the worker.
     *
     * @param pid of its process.
     * @return their names, in the order in which they were loaded; none of a process that has noted nothing.
     */
    public static List<String> stale(long pid)
    {
        String text;
        try
        {
            text = Files.readString(pathOf(pid));
        }
        catch (IOException | RuntimeException none)
        {
            return List.of();
        }
        Map<String, List<Source>> noted = new LinkedHashMap<>();
        List<Source> sources = null;
        int begin = 0;
        for (int end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', begin))
        {
            String line = text.substring(begin, end);
            begin = end + 1;
            if (line.charAt(0) != BETWEEN)
            {
                sources = new ArrayList<>();
                noted.put(line, sources);
            }
            else if (sources != null)
            {
                String[] words = line.split("\t", 6);
                Source source = new Source(new File(words[5]), Long.parseLong(words[1]), Long.parseLong(words[2]),
                    Integer.parseInt(words[3]));
                source.sure = Boolean.parseBoolean(words[4]);
                sources.add(source);
            }
        }
        return stale(noted);
    }
}
