package parallel.cluster;

import java.io.IOException;
import java.nio.channels.SocketChannel;

import parallel.child.ChildProcess;
import parallel.child.Main;
import parallel.control.Header;
import parallel.relay.LinkServer;
import parallel.runtime.Session;
import parallel.runtime.Threads;
import parallel.transport.PairFile;

/** The process that holds the connections to all hosts of a session. It ends with the process that has started it. */
public final class LinkMain extends ChildProcess
{
    private final LinkServer server = new LinkServer(new GrpcConnector(), this::exit);

    private LinkMain(Header header)
    {
        super(header);
    }

    /**
     * Started by the library only.
     *
     * @param arguments the directories of the session.
     */
    public static void main(String[] arguments)
    {
        GrpcStreams.silenceLogs();
        Main.run(LinkMain::new, () -> { }, arguments);
    }

    @Override
    protected void connected(PairFile pair, SocketChannel control, SocketChannel bell) throws IOException
    {
        server.begin(Session.current().loop().attach(control, server), Session.current().loop());
    }

    /** The parent is gone, or does not want it any more: the agents are ended first. */
    @Override
    protected void exit()
    {
        Threads.start("parallel-exit-0", () ->
        {
            try
            {
                server.close();
            }
            finally
            {
                orphaned();
            }
        });
    }
}
