package parallel.bench;

import java.nio.ByteBuffer;
import java.util.concurrent.Semaphore;

import parallel.Parallel;
import parallel.Peer;
import parallel.Worker;
import parallel.WorkerOptions;

/**
 * What a small message costs its sender and its receiver, apart: a batch is sent into the ring, then received from it,
 * by a worker in this process. The best batch counts, so the figures hold on a busy machine, too.
 */
public final class HotCost
{
    private static final int MESSAGES = 1000;
    private static final int BATCHES = 2000;
    private static final Semaphore GO = new Semaphore(0);
    private static final Semaphore DONE = new Semaphore(0);

    /** One message, sent or received. */
    private interface Step
    {
        void run(Peer peer) throws InterruptedException;
    }

    private static volatile Step receiving;
    private static volatile double received;

    private HotCost()
    {
    }

    public static void main(String[] arguments) throws Exception
    {
        Worker worker = Parallel.run(WorkerOptions.builder().inThread().build(), HotCost::receiveBatches);
        byte[] bytes = new byte[64];
        byte[] into = new byte[64];
        ByteBuffer source = ByteBuffer.allocateDirect(64);
        ByteBuffer target = ByteBuffer.allocateDirect(64);
        measure(worker, "long, receive", peer -> peer.send(1000L), Peer::receive);
        measure(worker, "byte[64], receive", peer -> peer.send(bytes), Peer::receive);
        measure(worker, "byte[64], receiveInto", peer -> peer.send(bytes), peer -> peer.receiveInto(into));
        measure(worker, "64 bytes of a buffer", peer -> peer.sendBytes(source.clear()),
            peer -> peer.receiveBytes(target.clear()));
        worker.stop();
    }

    private static void measure(Worker worker, String what, Step send, Step receive) throws InterruptedException
    {
        receiving = receive;
        received = Double.MAX_VALUE;
        double sent = Double.MAX_VALUE;
        for (int batch = 0; batch < BATCHES; batch++)
        {
            sent = Math.min(sent, nanos(send, worker));
            GO.release();
            DONE.acquire();
        }
        System.out.printf("%-24s sender %6.1f ns   receiver %6.1f ns%n", what, sent, received);
    }

    private static Object receiveBatches() throws InterruptedException
    {
        Peer parent = Parallel.parent();
        while (true)
        {
            GO.acquire();
            received = Math.min(received, nanos(receiving, parent));
            DONE.release();
        }
    }

    private static double nanos(Step step, Peer peer) throws InterruptedException
    {
        long start = System.nanoTime();
        for (int i = 0; i < MESSAGES; i++)
        {
            step.run(peer);
        }
        return (System.nanoTime() - start) / (double)MESSAGES;
    }
}
