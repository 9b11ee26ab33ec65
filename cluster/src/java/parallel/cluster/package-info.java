/**
 * The engine that carries a worker to another machine, in an artifact of its own: the only classes that need gRPC, and
 * none of them is loaded in the user's JVM.
 *
 * <p>Begin with {@link parallel.cluster.GrpcStreams}.
 *
 * <p>May know: relay.
 */
package parallel.cluster;
