package parallel.cluster;

import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** Writes as much of DER as a certificate takes (X.690): each method returns an element with its tag and its length. */
final class Der
{
    private static final int INTEGER = 0x02;
    private static final int BIT_STRING = 0x03;
    private static final int OBJECT_IDENTIFIER = 0x06;
    private static final int UTF8_STRING = 0x0c;
    private static final int UTC_TIME = 0x17;
    private static final int SEQUENCE = 0x30;
    private static final int SET = 0x31;
    /** The first length that does not fit into one byte. */
    private static final int LONG_LENGTH = 0x80;
    /** A UTCTime has two digits for the year; RFC 5280 reads them as 1950 to 2049. */
    private static final DateTimeFormatter UTC_TIMES =
        DateTimeFormatter.ofPattern("yyMMddHHmmss'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);

    private Der()
    {
    }

    static byte[] sequence(byte[]... elements)
    {
        return element(SEQUENCE, elements);
    }

    static byte[] set(byte[]... elements)
    {
        return element(SET, elements);
    }

    static byte[] integer(BigInteger value)
    {
        return element(INTEGER, value.toByteArray());
    }

    /**
     * @param encoded the identifier's bytes as X.690 8.19 has them, without tag and length.
     */
    static byte[] objectIdentifier(byte[] encoded)
    {
        return element(OBJECT_IDENTIFIER, encoded);
    }

    static byte[] utf8String(String text)
    {
        return element(UTF8_STRING, text.getBytes(StandardCharsets.UTF_8));
    }

    static byte[] utcTime(Instant time)
    {
        return element(UTC_TIME, UTC_TIMES.format(time).getBytes(StandardCharsets.US_ASCII));
    }

    static byte[] bitString(byte[] bytes)
    {
        byte[] noUnusedBits = {0};
        return element(BIT_STRING, noUnusedBits, bytes);
    }

    private static byte[] element(int tag, byte[]... contents)
    {
        int length = 0;
        for (byte[] content : contents)
        {
            length += content.length;
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(tag);
        if (length < LONG_LENGTH)
        {
            out.write(length);
        }
        else
        {
            byte[] digits = BigInteger.valueOf(length).toByteArray();
            int from = digits[0] == 0 ? 1 : 0;
            out.write(LONG_LENGTH | digits.length - from);
            out.write(digits, from, digits.length - from);
        }
        for (byte[] content : contents)
        {
            out.writeBytes(content);
        }
        return out.toByteArray();
    }
}
