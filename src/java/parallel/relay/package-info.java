/**
 * A worker behind a connection: what its two rings and its control stream say goes through streams of bytes to another
 * machine, and comes out of two rings there. Knows no engine and opens no socket of the network; what carries the bytes
 * is behind {@link parallel.relay.Streams}.
 *
 * <p>Begin with {@code Relay}, which joins a ring with a stream. {@link parallel.relay.LinkServer} is the process that
 * holds the connections of a session, {@link parallel.relay.AgentServer} the agent on another machine;
 * {@link parallel.relay.RelayFrames} is what they say to each other. {@code OfferedCode} and
 * {@link parallel.relay.ArrivingCode} take the jars of a class path from one to the other.
 *
 * <p>May know: runtime, control, codec, transport, process.
 */
package parallel.relay;
