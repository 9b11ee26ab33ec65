package parallel.profile;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;

import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import parallel.control.RecordingNames;

/**
 * The files of a recorder. The last one of a JVM that was killed is not finished: it is read as far as its header says,
 * which the recorder writes once a second.
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
        ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
        try (FileChannel channel = FileChannel.open(file))
        {
            while (header.hasRemaining() && channel.read(header) >= 0)
            {
                Thread.onSpinWait();
            }
        }
        if (header.hasRemaining() || header.getLong(SIZE) == 0)
        {
            return;     // killed before it has written anything
        }
        if (header.get(STATE) == FINISHED)
        {
            readFile(file, taker);
        }
        else
        {
            readFinished(file, header.getLong(SIZE), taker);
        }
    }

    /** What it has written since its header was is not read. */
    private static void readFinished(Path file, long size, Consumer<RecordedEvent> taker) throws IOException
    {
        Path copy = file.resolveSibling(file.getFileName() + ".finished");
        try
        {
            Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING);
            try (FileChannel channel = FileChannel.open(copy, StandardOpenOption.WRITE))
            {
                channel.truncate(size);
                channel.write(ByteBuffer.wrap(new byte[]{FINISHED}), STATE);
            }
            readFile(copy, taker);
        }
        finally
        {
            Files.deleteIfExists(copy);
        }
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
