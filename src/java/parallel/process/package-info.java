/**
 * One operating system process: its command line, launch, output, end, and the scratch directory of a session.
 *
 * <p>Knows no ring and no value. Everything that asks the operating system who is alive, what a signal is called or
 * where a temporary file may lie is here and nowhere else.
 *
 * <p>Begin with {@link parallel.process.Launch}, a JVM that can be started from a {@link parallel.process.Base}, and
 * {@link parallel.process.LaunchedProcess}, one that was. {@link parallel.process.Output} takes its lines to a sink,
 * {@link parallel.process.SessionDirectory} has its files, and {@link parallel.process.StartCache} makes the next
 * start shorter. {@link parallel.process.Blobs} knows a class path by its content, and
 * {@link parallel.process.BlobStore} keeps what other machines have sent of theirs.
 *
 * <p>May know: none.
 */
package parallel.process;
