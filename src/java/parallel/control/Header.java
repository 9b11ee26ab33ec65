package parallel.control;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/**
 * What a worker process is told on its stdin before anything else. Its id is not among it: that is the first frame on
 * control, and comes when somebody has asked for a worker.
 *
 * @param parentId    of its parent.
 * @param depth       how many parents it has.
 * @param inboxBytes  limit of its inbox.
 * @param pair        where to open the pair file.
 * @param sessionPage where to open the session page.
 * @param memory      directory for mapped files.
 * @param sockets     directory for sockets.
 * @param origin      who may be its parent.
 */
public record Header(
    int parentId, int depth, long inboxBytes, String pair, String sessionPage, String memory, String sockets,
    Origin origin)
{
    /**
     * Who may be its parent, and whose session it is.
     *
     * @param nonce       which both connections must begin with.
     * @param rootPid     process id of the session's root.
     * @param rootStartMs its start, as of {@link parallel.process.ThisProcess#startMs()}.
     */
    public record Origin(long nonce, long rootPid, long rootStartMs)
    {
    }

    /** Of what is read before the library's own version is known. */
    private static final int VERSION = 3;
    private static final int MAGIC = 0x70617261;

    public void write(OutputStream out) throws IOException
    {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream data = new DataOutputStream(bytes);
        data.writeInt(MAGIC);
        data.writeInt(VERSION);
        data.writeUTF(Version.library());
        data.writeInt(parentId);
        data.writeInt(depth);
        data.writeLong(inboxBytes);
        data.writeUTF(pair);
        data.writeUTF(sessionPage);
        data.writeUTF(memory);
        data.writeUTF(sockets);
        data.writeLong(origin.nonce);
        data.writeLong(origin.rootPid);
        data.writeLong(origin.rootStartMs);
        out.write(bytes.toByteArray());
        out.flush();
    }

    /**
     * Reads it.
     *
     * @param in the worker's stdin.
     * @return the header.
     * @throws IOException if it is not one, or of another version of the library.
     */
    public static Header read(DataInputStream in) throws IOException
    {
        if (in.readInt() != MAGIC)
        {
            throw new IOException(
                "This is the main class of a parallel worker; it is started by Parallel.run or parallel.api/run.");
        }
        int version = in.readInt();
        if (version != VERSION)
        {
            throw new IOException("The parent's header is of version " + version +
                ", this worker's class path has the library parallel " +
                Version.library() + ", whose header is of version " + VERSION +
                ": put the same version on both (option classpath).");
        }
        Version.require(in.readUTF());
        return new Header(in.readInt(), in.readInt(), in.readLong(),
            in.readUTF(), in.readUTF(), in.readUTF(), in.readUTF(),
            new Origin(in.readLong(), in.readLong(), in.readLong()));
    }
}
