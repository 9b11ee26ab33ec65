package parallel.bench;

import parallel.Host;
import parallel.HostOptions;
import parallel.Hosts;
import parallel.Parallel;
import parallel.Peer;
import parallel.Worker;
import parallel.WorkerOptions;

/**
 * This library, by its public Java API: to a worker, or to its parent.
 */
final class ParallelWire implements Wire
{
    private final Peer peer;
    private final boolean into;

    private ParallelWire(Peer peer, boolean into)
    {
        this.peer = peer;
        this.into = into;
    }

    /**
     * Starts a worker.
     *
     * @param into whether arrays are received into those of the receiver, or as new ones.
     * @return the parent's end.
     */
    static Wire open(boolean into)
    {
        return open(WorkerOptions.builder().build(), into);
    }

    /** The same with the worker on a host, which is this machine. */
    static Wire onHost()
    {
        Host host = Hosts.add(HostOptions.start("env").address("127.0.0.1").name("here").nice(0));
        return open(WorkerOptions.builder().in(host).build(), false);
    }

    private static Wire open(WorkerOptions options, boolean into)
    {
        return new ParallelWire(Parallel.run(options, () ->
        {
            Rounds.serve(new ParallelWire(Parallel.parent(), into));
            return null;
        }), into);
    }

    @Override
    public void announce(Round round) throws InterruptedException
    {
        peer.send(round.toString());
    }

    @Override
    public Round next() throws InterruptedException
    {
        Object message = peer.receive();
        return message == null ? null : Round.parse((String)message);
    }

    @Override
    public void sendLong(long value) throws InterruptedException
    {
        peer.send(value);
    }

    @Override
    public long receiveLong() throws InterruptedException
    {
        return (Long)peer.receive();
    }

    @Override
    public void sendBytes(byte[] bytes) throws InterruptedException
    {
        peer.send(bytes);
    }

    @Override
    public void receiveBytes(byte[] bytes, int times) throws InterruptedException
    {
        for (int i = 0; i < times; i++)
        {
            if (into)
            {
                peer.receiveInto(bytes);
            }
            else if (((byte[])peer.receive()).length != bytes.length)
            {
                throw new IllegalStateException("What arrived is not what was sent.");
            }
        }
    }

    @Override
    public void sendArray(double[] array) throws InterruptedException
    {
        peer.send(array);
    }

    @Override
    public void receiveArray(double[] array) throws InterruptedException
    {
        peer.receiveInto(array);
    }

    @Override
    public double[] receiveNewArray() throws InterruptedException
    {
        return (double[])peer.receive();
    }

    @Override
    public long otherPid()
    {
        return ((Worker)peer).pid();
    }

    @Override
    public void close() throws InterruptedException
    {
        peer.send(null);
        ((Worker)peer).join();
        Parallel.close();
    }
}
