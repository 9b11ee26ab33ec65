package parallel.codec;

/**
 * Makes a class of the user's transferable: it is written as a value that can be sent, and rebuilt from it.
 * <p>
 * Both processes need the extension: list the implementing class in
 * {@code META-INF/services/parallel.codec.Extension}, or call {@link Extensions#register(Extension)} in both. Safe from
 * any thread: one instance serves all messages.
 *
 * <pre>{@code
 * public final class PointExtension implements Extension<Point>
 * {
 *     public String name() { return "my.app/point"; }
 *     public Class<Point> type() { return Point.class; }
 *     public Object write(Point p) { return new int[]{p.x, p.y}; }
 *     public Point read(Object written) { int[] xy = (int[])written; return new Point(xy[0], xy[1]); }
 * }
 * }</pre>
 *
 * @param <T> the class made transferable, its subclasses included.
 */
public interface Extension<T>
{
    /**
     * Returns the name under which values are sent.
     *
     * @return a name unique among extensions, at best qualified; the same in both processes.
     */
    String name();

    /**
     * Returns the class made transferable.
     *
     * @return a class or an interface. An exact match wins over a supertype.
     */
    Class<T> type();

    /**
     * Writes a value.
     *
     * @param value the value to write, an instance of {@link #type()}.
     * @return a value that can be sent and from which it can be rebuilt; null is allowed.
     */
    Object write(T value);

    /**
     * Rebuilds a value. What it throws becomes a {@link UnserializableException} of that message.
     *
     * @param written what {@link #write(Object)} returned in the other process, or any value that came under that name.
     * @return the rebuilt value.
     */
    T read(Object written);
}
