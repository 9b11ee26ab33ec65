package parallel.shared;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;

import parallel.transport.MappedFile;

/** The file of an array, in memory or on disk. */
final class SharedFile extends MappedFile
{
    private Identity identity;

    private SharedFile(Opened opened)
    {
        super(opened);
    }

    // In memory: a header of zeros and the content.
    static SharedFile create(Path directory, long bytes, Content content) throws IOException
    {
        return new SharedFile(make(directory, "array", file ->
        {
            write(file, Layout.HEADER_BYTES, Content.ZEROS);
            write(file, bytes, content);
        }));
    }

    // One that is there: of another process, or on disk.
    static SharedFile of(Path path, boolean writable) throws IOException
    {
        return new SharedFile(open(path, writable));
    }

    long length() throws IOException
    {
        return open().length();
    }

    void lengthen(long bytes) throws IOException
    {
        RandomAccessFile file = open();
        long now = file.length();
        file.seek(now);
        write(file, bytes - now, Content.ZEROS);
    }

    // Of one in memory; null of one on disk.
    Identity identity()
    {
        return identity;
    }

    void identity(Identity known)
    {
        identity = known;
    }

    void writeLong(long position, long value) throws IOException
    {
        ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.nativeOrder()).putLong(value);
        RandomAccessFile file = open();
        synchronized (file)
        {
            file.seek(position);
            file.write(bytes.array());
        }
    }

    // Also where it is mapped no more.
    long readLong(long position) throws IOException
    {
        return read(position, Long.BYTES).getLong();
    }

    ByteBuffer read(long position, int n) throws IOException
    {
        byte[] bytes = new byte[n];
        RandomAccessFile file = open();
        synchronized (file)
        {
            file.seek(position);
            file.readFully(bytes);
        }
        return ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
    }
}
