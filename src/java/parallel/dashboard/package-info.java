/**
 * A live page on the session, on the loopback interface: what {@code look} reads, four times a second while somebody
 * watches.
 *
 * <p>Begin with {@link parallel.dashboard.Dashboards}, which opens one; {@code Server} is one that is open. A request
 * runs in a {@code Turn} of {@code RequestThreads}, which bounds its time. {@code Routes} answers it once {@code Gate}
 * has nothing against it and {@code Keys} knows its cookie. {@code Pulse} is the one thread that samples: it has a
 * {@code Snapshot} made once for all {@code Watcher}s. {@code RecentEntries}, {@code Flow}, {@code ProcessTable} and
 * {@code Findings} are parts of that. {@code Actions} does what the page may ask for, {@code Profiles} the profiles
 * among it, and {@code Printed} has what workers have printed last. {@code Browser} opens a page, by an address that
 * {@code SocketOwner} keeps from being of use to other users. The page itself is in
 * {@code resources/parallel/dashboard}.
 *
 * <p>No class of this room is loaded, nor any of {@code com.sun.net.httpserver}, before somebody opens a dashboard.
 *
 * <p>May know: api, look, profile, pool, shared, place, runtime, control.
 */
package parallel.dashboard;
