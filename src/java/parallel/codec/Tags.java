package parallel.codec;

/**
 * The first byte of every value. All that is wider than a byte is little-endian; {@code n} is a varint: seven bits a
 * byte, the lowest first, the high bit says that more follow.
 *
 * <pre>
 *   END                                    closes an open-ended sequence
 *   NIL | TRUE | FALSE
 *   0xC0..0xFF                             the longs -16..47
 *   LONG8 i8 | LONG16 i16 | LONG32 i32 | LONG64 i64
 *   INT8 i8 | INT32 i32 | SHORT i16 | BYTE i8 | CHAR u16 | FLOAT raw32 | DOUBLE raw64
 *   BIG_INTEGER n bytes                    two's complement, big-endian
 *   BIG_DECIMAL scale-i32 n bytes
 *   STRING8 n bytes                        every char below 256
 *   STRING16 n chars-u16                   surrogates as they are
 *   UUID i64 i64 | DATE ms-i64 | INSTANT s-i64 ns-i32 | DURATION s-i64 ns-i32
 *   URI string | PATTERN flags-i32 string | TEXT kind-u8 string
 *   BOOLEANS .. DOUBLES n [p zeros] data   primitive arrays; [p zeros]: only if the data has 1024 bytes or more, one
 *   byte
 *                                          p (0..7), then p zero bytes, so that the data starts at a multiple of 8
 *   OBJECTS n values | TYPED ref(class) n values
 *   LIST values END | SET values END | SORTED_SET values END
 *   MAP (key value)* END | SORTED_MAP (key value)* END | ENTRY key value
 *   COLLECTION kind-u8 [order-u8 | ref(class) | capacity-i32] (values | (key value)*) END
 *   BIT_SET n bytes
 *   RECORD ref(class, shape-i32) values | ENUM ref(class) name-string
 *   EXTENSION name-string value
 *   LAMBDA .. | OBJECT ..                  bodies only, never in messages
 *   0x80..0xBF                             the module's
 *
 *   ref(d):  n = 0, then the definition d, numbered 1, 2, ... in this message; n > 0: the n-th definition again
 * </pre>
 */
public final class Tags
{
    /** Closes an open-ended sequence; no value. */
    public static final int END = 0x00;

    /** The first tag of the module's range. */
    public static final int MODULE_FIRST = 0x80;

    /** The last tag of the module's range. */
    public static final int MODULE_LAST = 0xBF;

    static final int NIL = 0x01;
    static final int TRUE = 0x02;
    static final int FALSE = 0x03;
    static final int LONG8 = 0x04;
    static final int LONG16 = 0x05;
    static final int LONG32 = 0x06;
    static final int LONG64 = 0x07;
    static final int INT8 = 0x08;
    static final int INT32 = 0x09;
    static final int SHORT = 0x0A;
    static final int BYTE = 0x0B;
    static final int CHAR = 0x0C;
    static final int FLOAT = 0x0D;
    static final int DOUBLE = 0x0E;
    static final int BIG_INTEGER = 0x0F;
    static final int BIG_DECIMAL = 0x10;
    static final int STRING8 = 0x11;
    static final int STRING16 = 0x12;
    static final int UUID = 0x13;
    static final int DATE = 0x14;
    static final int INSTANT = 0x15;
    static final int DURATION = 0x16;
    static final int URI = 0x17;
    static final int PATTERN = 0x18;
    static final int TEXT = 0x19;

    static final int BOOLEANS = 0x20;
    static final int BYTES = 0x21;
    static final int SHORTS = 0x22;
    static final int CHARS = 0x23;
    static final int INTS = 0x24;
    static final int LONGS = 0x25;
    static final int FLOATS = 0x26;
    static final int DOUBLES = 0x27;
    static final int OBJECTS = 0x28;
    static final int TYPED = 0x29;

    static final int LIST = 0x30;
    static final int SET = 0x31;
    static final int MAP = 0x32;
    static final int SORTED_SET = 0x33;
    static final int SORTED_MAP = 0x34;
    static final int ENTRY = 0x35;
    static final int COLLECTION = 0x36;
    static final int BIT_SET = 0x37;
    static final int RECORD = 0x38;
    static final int ENUM = 0x39;
    static final int EXTENSION = 0x3A;
    static final int LAMBDA = 0x3C;
    static final int OBJECT = 0x3D;

    static final int SMALL_LONG_FIRST = 0xC0;
    static final int SMALL_LONG_ZERO = 0xD0;
    static final int SMALL_LONG_MIN = -16;
    static final int SMALL_LONG_MAX = 47;

    /** The most levels of nesting: 1000 are promised, the rest is for what the codec wraps values in. */
    static final int MAX_DEPTH = 1024;

    private Tags()
    {
    }
}
