/**
 * The parent's side, and who I am.
 *
 * <p>Begin with {@link parallel.runtime.WorkerHandle}, which callers hold, and {@link parallel.runtime.WorkerLife},
 * which leads one worker from its start to its end on a thread of its own. {@code ControlStream} is what it is told
 * and what it replies, and {@link parallel.runtime.Verdict} decides how it ended. {@link parallel.runtime.ChannelPeer}
 * is the part of a handle that sends and receives, {@code BufferMessages} does that with a ByteBuffer, and
 * {@code PeerErrors} makes their errors. {@link parallel.runtime.Context} knows whose code is running: the root's, a
 * worker process's or a worker thread's. {@link parallel.runtime.Session} is what the processes of one root share.
 *
 * <p>{@link parallel.runtime.Place} is the contract of where a worker lives. It is implemented in {@code place}, which
 * this room does not know; nor does it know {@code child}, which is at the other end of the control stream.
 *
 * <p>May know: api, control, codec, transport, process.
 */
package parallel.runtime;
