package parallel.runtime;

import java.util.Map;

import parallel.codec.Codec;
import parallel.codec.UnserializableException;
import parallel.control.Errors;

/** Reads a value that came in one piece. */
final class Values
{
    private Values()
    {
    }

    static Object decode(byte[] bytes)
    {
        try
        {
            return Codec.fromBytes(bytes);
        }
        catch (UnserializableException e)
        {
            throw Errors.notTransferable(e);
        }
        catch (OutOfMemoryError e)
        {
            throw Errors.noMemory(Map.of(), "a value of " + bytes.length + " bytes", e);
        }
    }
}
