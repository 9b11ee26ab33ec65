package parallel.profile;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.stream.Stream;

import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import parallel.control.RecordingNames;

/**
 * The files of a recorder. The last one of a JVM that was killed, or goes on, is not finished: it is read as far as its
 * header says, which the recorder writes once a second.
 *
 * <pre>
 *   0        4         8          16            24          32        64      65
 *   +--------+---------+----------+-------------+-----------+---------+-------+---- - -
 *   | FLR\0  | version | size     | checkpoint  | metadata  | times   | state |
 *   +--------+---------+----------+-------------+-----------+---------+-------+---- - -
 * </pre>
 */
final class RecordedFiles
{
    private static final int SIZE = 8;
    private static final int STATE = 64;
    private static final int HEADER_BYTES = 68;
    private static final byte FINISHED = 0;
    private static final byte CHANGES = (byte)255;
    private static final int ATTEMPTS = 10;
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

    private RecordedFiles()
    {
    }

    /**
     * Reads all events.
     *
     * @param path  a file; or the directory of a process, with what there is of its recorder.
     * @param taker of each event.
     * @throws IOException if a finished file cannot be read.
     */
    static void read(Path path, Consumer<RecordedEvent> taker) throws IOException
    {
        if (Files.isDirectory(path))
        {
            Path atExit = path.resolve(RecordingNames.AT_EXIT);
            for (Path file : isThere(atExit) ? List.of(atExit) : chunks(path))
            {
                readChunk(file, taker);
            }
        }
        else if (isThere(path))
        {
            readFile(path, taker);
        }
    }

    private static boolean isThere(Path file) throws IOException
    {
        return Files.exists(file) && Files.size(file) >= HEADER_BYTES;
    }

    private static List<Path> chunks(Path directory) throws IOException
    {
        try (Stream<Path> files = Files.walk(directory))
        {
            return files.filter(file -> file.toString().endsWith(".jfr")).sorted().toList();
        }
    }

    private static void readChunk(Path file, Consumer<RecordedEvent> taker) throws IOException
    {
        ByteBuffer header = header(file);
        if (header == null)
        {
            return;     // killed before it has written anything
        }
        if (header.get(STATE) == FINISHED)
        {
            readFile(file, taker);
        }
        else
        {
            readFinished(file, taker);
        }
    }

    /** Null: there is none yet. */
    private static ByteBuffer header(Path file) throws IOException
    {
        ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
        try (FileChannel channel = FileChannel.open(file))
        {
            while (header.hasRemaining() && channel.read(header) >= 0)
            {
                Thread.onSpinWait();
            }
        }
        return header.hasRemaining() || header.getLong(SIZE) == 0 ? null : header;
    }

    /** What it has written since its header was is not read. */
    private static void readFinished(Path file, Consumer<RecordedEvent> taker) throws IOException
    {
        Path copy = Files.createTempFile(file.getParent(), "finished-", null);
        try
        {
            // The header of the copy, as that of a JVM which goes on is another one by now.
            ByteBuffer header = copied(file, copy);
            if (header.get(STATE) != FINISHED)
            {
                try (FileChannel channel = FileChannel.open(copy, StandardOpenOption.WRITE))
                {
                    channel.truncate(header.getLong(SIZE));
                    channel.write(ByteBuffer.wrap(new byte[]{FINISHED}), STATE);
                }
            }
            readFile(copy, taker);
        }
        finally
        {
            Files.deleteIfExists(copy);
        }
    }

    /** Not in the middle of a change of the header, unless its JVM was killed there. */
    private static ByteBuffer copied(Path file, Path copy) throws IOException
    {
        ByteBuffer header = null;
        for (int i = 0; i < ATTEMPTS && (header == null || header.get(STATE) == CHANGES); i++)
        {
            LockSupport.parkNanos(i == 0 ? 0 : PAUSE_NANOS);
            Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING);
            header = header(copy);
        }
        if (header == null)
        {
            throw new IOException(file + " has no header");
        }
        return header;
    }

    private static void readFile(Path file, Consumer<RecordedEvent> taker) throws IOException
    {
        try (RecordingFile recording = new RecordingFile(file))
        {
            while (recording.hasMoreEvents())
            {
                taker.accept(recording.readEvent());
            }
        }
    }
}
