package parallel.codec;

import java.nio.ByteBuffer;

import parallel.transport.Payload;

/** Values to bytes and back, in one piece: for control frames and bodies. Safe from any thread. */
public final class Codec
{
    private Codec()
    {
    }

    /**
     * Encodes a value, in the format of messages.
     *
     * @param value any transferable value, or null.
     * @return a new array.
     * @throws UnserializableException if it cannot be sent, or takes more than 2 GB.
     */
    public static byte[] toBytes(Object value)
    {
        Encoder encoder = Encoder.acquire(Destination.ofPieces());
        try
        {
            return bytes(encoder, encoder.encode(value), value);
        }
        finally
        {
            encoder.release();
        }
    }

    private static byte[] bytes(Encoder encoder, Payload payload, Object value)
    {
        if (payload.length() > Integer.MAX_VALUE - 16)
        {
            throw UnserializableException.refused(value.getClass(),
                "it takes " + payload.length() +
                " bytes, more than fit into one array; send it as a message, or in parts.");
        }
        byte[] bytes = new byte[(int)payload.length()];
        encoder.copyTo(bytes);
        return bytes;
    }

    /**
     * Decodes a value. User code may run, as {@link Message#decode()} says.
     *
     * @param bytes of one value; not kept.
     * @return the value, or null.
     * @throws UnserializableException if it cannot be read here.
     */
    public static Object fromBytes(byte[] bytes)
    {
        Decoder decoder = new Decoder();
        decoder.open(bytes, bytes.length);
        return decoder.readAll(null, false);
    }

    /**
     * Decodes the value in a buffer from its position to its limit, and moves the position there.
     *
     * @param buffer of one value; not kept.
     * @return the value, or null.
     * @throws UnserializableException if it cannot be read here.
     */
    public static Object fromBytes(ByteBuffer buffer)
    {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return fromBytes(bytes);
    }

    /**
     * What a body of {@link #bodyToBytes(Object)} is called in words for people.
     *
     * @param body a lambda or an object.
     * @return {@code Class.method} of a serializable lambda, else the name of its class.
     */
    public static String describeBody(Object body)
    {
        return LambdaCodec.describe(body);
    }

    /**
     * Encodes what a worker is to run: a serializable lambda (or method reference), an object of a serializable class
     * of the user's, or any transferable value. What it captures or holds in its fields must be transferable, or such a
     * body itself.
     *
     * @param body not null.
     * @return a new array.
     * @throws UnserializableException if it cannot be sent; the path goes through captured values ({@code "capture 0"})
     *     and
     *                                  fields.
     */
    public static byte[] bodyToBytes(Object body)
    {
        Encoder encoder = Encoder.acquire(Destination.ofPieces());
        try
        {
            return bytes(encoder, encoder.encode(body, true), body);
        }
        finally
        {
            encoder.release();
        }
    }

    /**
     * Makes the body again. Runs code of the user's class. For bytes of the process that started this one only.
     *
     * @param bytes  from {@link #bodyToBytes(Object)}.
     * @param loader finds the body's classes; null: as for messages.
     * @return the body.
     * @throws UnserializableException if it cannot be made here.
     */
    public static Object bodyFromBytes(byte[] bytes, ClassLoader loader)
    {
        return LambdaCodec.decode(bytes, loader);
    }
}
