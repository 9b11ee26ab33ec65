package parallel.codec;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * Writes the JDK's single values. One class and a switch, not a class each: fewer classes to load at a worker's start.
 */
final class Scalars extends TypeWriter
{
    private final int tag;

    Scalars(int tag)
    {
        this.tag = tag;
    }

    @Override
    public void write(Encoder out, Object v)
    {
        switch (tag)
        {
            case Tags.TRUE:
                out.tag((Boolean)v ? Tags.TRUE : Tags.FALSE);
                break;
            case Tags.LONG64:
                out.longValue((Long)v);
                break;
            case Tags.INT32:
                writeInt(out, (Integer)v);
                break;
            case Tags.DOUBLE:
                out.tag(tag);
                out.i64(Double.doubleToRawLongBits((Double)v));
                break;
            case Tags.STRING8:
                out.string((String)v);
                break;
            case Tags.CHAR:
                out.tag(tag);
                out.i16((Character)v);
                break;
            default:
                writeRarer(out, v);
        }
    }

    private void writeRarer(Encoder out, Object v)
    {
        out.tag(tag);
        switch (tag)
        {
            case Tags.SHORT:
                out.i16((Short)v);
                break;
            case Tags.BYTE:
                out.i8((Byte)v);
                break;
            case Tags.FLOAT:
                out.i32(Float.floatToRawIntBits((Float)v));
                break;
            case Tags.BIG_INTEGER:
                out.counted(((BigInteger)v).toByteArray());
                break;
            case Tags.BIG_DECIMAL:
                out.i32(((BigDecimal)v).scale());
                out.counted(((BigDecimal)v).unscaledValue().toByteArray());
                break;
            case Tags.UUID:
                writePair(out, ((UUID)v).getMostSignificantBits(), ((UUID)v).getLeastSignificantBits());
                break;
            case Tags.DATE:
                out.i64(((Date)v).getTime());
                break;
            case Tags.INSTANT:
                out.i64(((Instant)v).getEpochSecond());
                out.i32(((Instant)v).getNano());
                break;
            case Tags.DURATION:
                out.i64(((Duration)v).getSeconds());
                out.i32(((Duration)v).getNano());
                break;
            case Tags.URI:
                out.string(((URI)v).toString());
                break;
            default:
                out.i32(((Pattern)v).flags());
                out.string(((Pattern)v).pattern());
        }
    }

    private static void writeInt(Encoder out, int i)
    {
        if (i == (byte)i)
        {
            out.tag(Tags.INT8);
            out.i8(i);
        }
        else
        {
            out.tag(Tags.INT32);
            out.i32(i);
        }
    }

    private static void writePair(Encoder out, long first, long second)
    {
        out.i64(first);
        out.i64(second);
    }
}
