package parallel.transport;

import java.util.Arrays;

import org.agrona.MutableDirectBuffer;

/** A message of so many times the same byte, which is not 0: what was not written yet differs from it. */
record Filled(long length, int value) implements Payload
{
    @Override
    public void copy(long offset, MutableDirectBuffer target, int index, int size)
    {
        target.setMemory(index, size, (byte)value);
    }

    byte[] bytes()
    {
        byte[] bytes = new byte[(int)length];
        Arrays.fill(bytes, (byte)value);
        return bytes;
    }
}
