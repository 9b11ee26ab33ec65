package parallel.codec;

/**
 * An extension for what lies on one machine: its values are written as references, which mean nothing on another. There
 * they are refused at the sender.
 *
 * @param <T> the class made transferable, its subclasses included.
 */
public interface LocalExtension<T> extends Extension<T>
{
    /**
     * Says why a value cannot go to another machine.
     *
     * @param value that is to go there.
     * @return what it is, and what to do instead; follows "A value of class X cannot be sent: ". Null: it can, since it
     *         is there already; {@link #write} then sees {@link Destination#ofPieces()}.
     */
    String notElsewhere(T value);
}
