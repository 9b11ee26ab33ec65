/**
 * Where the time of workers goes: recordings of the JDK's flight recorder, made when somebody asks, or all the time.
 *
 * <p>Begin with {@link parallel.profile.Profiler}, which has the workers record and gathers their files.
 * {@code FoldingJvm} starts a JVM of its own for these, so that nobody's heap or compiler has to do with it;
 * {@code Folding} is what that runs. It reads each file through {@code RecordedFiles}, also those of a JVM that was
 * killed. {@code Samples} counts the stacks of one worker, and {@code FrameNames} says what frames are called.
 * In the worker {@code Recordings}, of the room child, takes the requests.
 *
 * <p>May know: api, place, runtime, control, process.
 */
package parallel.profile;
