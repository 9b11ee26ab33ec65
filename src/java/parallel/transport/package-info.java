/**
 * Bytes between two ends of a mapped file, and frames over sockets.
 *
 * <p>A message is bytes that a {@link parallel.transport.Payload} copies into a ring and an
 * {@link parallel.transport.Assembly} takes out of it. No process id and no value is known here: who is alive is asked
 * in {@code process}, what the bytes mean in {@code codec}.
 *
 * <p>Begin with {@link parallel.transport.MessageChannel}, one end of a {@link parallel.transport.PairFile}: its sends
 * go through {@code Sender} and {@code RingWriter}, its receives through {@code Receiver}, {@code Inbound} and
 * {@code RingReader}, and {@code WakeFlags} wakes the other end. {@link parallel.transport.Waiter} is the one class
 * that waits. {@link parallel.transport.ControlLoop} reads the control streams. {@code PairLayout},
 * {@code SessionLayout} and {@code FrameReader} have the offsets, which {@code doc/design/wire-format.md} draws.
 *
 * <p>May know: none. Agrona and {@code java.nio} are its means.
 */
package parallel.transport;
