package parallel;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A worker, as its parent holds it: the peer to exchange messages with, the future of its final value, and a resource
 * to close.
 *
 * <p>{@link Future#get()} gives the same value as {@link #join()}, with its error wrapped in
 * {@link java.util.concurrent.ExecutionException}; {@link Future#cancel(boolean)} is {@link #stop()}. Safe from any
 * thread.
 *
 * <pre>{@code
 * try (Worker worker = Parallel.run(() -> 6 * 7)) {
 *     System.out.println(worker.join());   // 42
 * }
 * catch (WorkerDiedException e) {
 *     System.err.println(e.data().get("signal"));     // such as KILL
 * }
 * }</pre>
 */
public interface Worker extends Peer, Future<Object>, AutoCloseable
{
    /**
     * The operating system's process id.
     *
     * @return it, 0 until the process has been started; that of this JVM for a thread worker.
     */
    long pid();

    /**
     * Waits until the worker has ended: its process is reaped, its output delivered, its state final. Takes what it
     * sends into the inbox meanwhile.
     *
     * @return the worker's final value.
     * @throws RemoteException      if its code threw.
     * @throws WorkerDiedException  if it ended without finishing.
     * @throws StartFailedException if it never became ready.
     * @throws InterruptedException if interrupted while blocked.
     */
    Object join() throws InterruptedException;

    /**
     * As {@link #join()}, for a limited time.
     *
     * @param timeout how long to wait.
     * @param unit    of the time-out.
     * @return the worker's final value.
     * @throws TimeoutException     if it has not ended in time. Its cause, of the code TIMEOUT, has the worker's {@code
     *     "status"}
     *                              and its {@code "threads"} if it answers within a quarter of a second more.
     * @throws InterruptedException if interrupted while blocked.
     */
    Object join(long timeout, TimeUnit unit) throws InterruptedException, TimeoutException;

    /**
     * A rendezvous beside the messages: waits until the worker has {@link Peer#yield yielded}, and hands it a message,
     * with which it goes on. Takes what it sends into the inbox meanwhile.
     *
     * @param message any value that can travel, or null; what {@code yield} returns.
     * @return what the worker has yielded.
     * @throws ClosedException          if the worker has ended normally instead.
     * @throws ParallelException        its error, if it has failed or died instead.
     * @throws NotTransferableException if the message cannot be sent: the worker is not released; or if what it has
     *     yielded cannot be read: it is.
     * @throws InterruptedException     if interrupted while blocked; the worker is not released.
     */
    Object step(Object message) throws InterruptedException;

    /**
     * As {@link #step(Object)}, for a limited time.
     *
     * @param message any value that can travel, or null.
     * @param timeout how long to wait.
     * @param unit    of the time-out.
     * @return what the worker has yielded.
     * @throws TimeoutException     if it has not yielded in time; it is not released. Its cause is as that of {@link
     *     #join(long, TimeUnit)}.
     * @throws InterruptedException if interrupted while blocked; the worker is not released.
     */
    Object step(Object message, long timeout, TimeUnit unit) throws InterruptedException, TimeoutException;

    /**
     * {@link Thread#interrupt()} of what the worker evaluates now, never of its next evaluation; no effect on an idle
     * worker. Does not block.
     */
    void interrupt();

    /**
     * Ends the worker: asks, interrupts, SIGTERM, SIGKILL, each after a share of the grace; returns when it has ended.
     */
    void stop();

    /**
     * Ends the worker now (SIGKILL). Does not block.
     */
    void kill();

    /**
     * Whether the worker has not ended yet. Never blocks.
     *
     * @return true until its end.
     */
    boolean isAlive();

    /**
     * What the worker is doing, from shared memory: also for a hung, stopped or dead worker. Never blocks, never
     * throws.
     *
     * @return its status now, or its last one.
     */
    WorkerStatus status();

    /**
     * A future that is completed with the last status when the worker has ended, however it ended.
     *
     * @return a new future each time.
     */
    CompletableFuture<WorkerStatus> onExit();

    /**
     * The same as {@link #stop()}.
     */
    @Override
    void close();
}
