package parallel.transport;

import java.io.Closeable;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;

import org.agrona.concurrent.AtomicBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.ringbuffer.OneToOneRingBuffer;
import org.agrona.concurrent.ringbuffer.RingBufferDescriptor;

/** Both ends of a pair file in one process, each with a mapping of its own, and bells over a real socket or local. */
public final class Ends implements Closeable
{
    private static final long INBOX_BYTES = 128L << 20;

    public final MessageChannel parent;
    public final MessageChannel child;
    private final SocketBell[] bells;

    private Ends(MessageChannel parent, MessageChannel child, SocketBell... bells)
    {
        this.parent = parent;
        this.child = child;
        this.bells = bells;
    }

    /** Bells over a socket. */
    public static Ends open(Path directory, int ringBytes) throws IOException
    {
        return open(directory, ringBytes, INBOX_BYTES);
    }

    /** Bells over a socket. */
    public static Ends open(Path directory, int ringBytes, long inboxBytes) throws IOException
    {
        SocketChannel[] sockets = sockets(directory);
        SocketBell parentsBell = new SocketBell();
        SocketBell childsBell = new SocketBell();
        for (SocketChannel socket : sockets)
        {
            socket.configureBlocking(false);
        }
        PairFile made = PairFile.create(directory, ringBytes, ProcessHandle.current().pid(), 1);
        PairFile attached = PairFile.attach(Path.of(made.handOn()));
        made.attached();
        Ends ends = new Ends(
            new MessageChannel(made, Side.PARENT, parentsBell, inboxBytes, Bytes.owning()),
            new MessageChannel(attached, Side.CHILD, childsBell, inboxBytes, Bytes.owning()),
            parentsBell, childsBell);
        parentsBell.connect(sockets[0]);
        childsBell.connect(sockets[1]);
        return ends;
    }

    /** Local bells, and one mapping for both ends. */
    public static Ends local(Path directory, int ringBytes) throws IOException
    {
        PairFile pair = PairFile.create(directory, ringBytes, ProcessHandle.current().pid(), 1);
        LocalBell[] bells = LocalBell.pair();
        Ends ends = new Ends(
            new MessageChannel(pair, Side.PARENT, bells[0], INBOX_BYTES, Bytes.owning()),
            new MessageChannel(pair, Side.CHILD, bells[1], INBOX_BYTES, Bytes.owning()));
        bells[0].attach(ends.parent);
        bells[1].attach(ends.child);
        return ends;
    }

    /** Two connected Unix-domain sockets, blocking. */
    public static SocketChannel[] sockets(Path directory) throws IOException
    {
        Path path = directory.resolve("socket-" + System.nanoTime());
        UnixDomainSocketAddress address = UnixDomainSocketAddress.of(path);
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX))
        {
            server.bind(address);
            SocketChannel client = SocketChannel.open(address);
            return new SocketChannel[]{ client, server.accept() };
        }
        finally
        {
            Files.deleteIfExists(path);
        }
    }

    /** The end of the other process, as its death would show: end of file on the bell, no word on the ring. */
    public void closeBellOfChild()
    {
        bells[1].close();
    }

    /** Asks for a file that is larger than the file system. */
    public static void tooLarge(Path directory) throws IOException
    {
        MappedFile.create(directory, "pair", Files.getFileStore(directory).getTotalSpace() + 1).close();
    }

    /** Takes what is in the ring into the inbox, within its limit: how many whole messages are there. */
    public static int messagesReady(MessageChannel end)
    {
        end.drain();
        end.receiver().receiveLock().lock();
        try
        {
            return end.receiver().inbound().size();
        }
        finally
        {
            end.receiver().receiveLock().unlock();
        }
    }

    /** The same: is a message, or an error, next? */
    public static boolean hasMessage(MessageChannel end)
    {
        end.drain();
        end.receiver().receiveLock().lock();
        try
        {
            return !end.receiver().inbound().isEmpty();
        }
        finally
        {
            end.receiver().receiveLock().unlock();
        }
    }

    /** How many threads block at an end now. */
    public static int blocked(MessageChannel end)
    {
        return end.parkers().size();
    }

    /** The memory of the ring to the child, to write garbage into. */
    public static AtomicBuffer ringToChild(MessageChannel parent)
    {
        return parent.pair().ring(PairLayout.DOWN).buffer();
    }

    /** Moves the position of the parent's sender, as nobody but that sender may. */
    public static void senderPosition(MessageChannel parent, long position)
    {
        OneToOneRingBuffer ring = parent.pair().ring(PairLayout.DOWN);
        ring.buffer().putLongVolatile(ring.capacity() + RingBufferDescriptor.TAIL_POSITION_OFFSET, position);
    }

    /** Writes a record as it is, whatever it is. False: no room. */
    public static boolean record(MessageChannel parent, int type, byte[] body)
    {
        UnsafeBuffer bytes = new UnsafeBuffer(body);
        return parent.pair().ring(PairLayout.DOWN).write(type, bytes, 0, body.length);
    }

    @Override
    public void close()
    {
        parent.retire();
        child.retire();
        for (SocketBell bell : bells)
        {
            bell.close();
        }
    }
}
