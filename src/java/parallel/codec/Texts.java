package parallel.codec;

import java.io.File;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.Period;
import java.time.ZoneId;
import java.time.ZonedDateTime;

/** JDK values that are sent as their text. */
final class Texts extends TypeWriter
{
    static final int LOCAL_DATE = 0;
    static final int LOCAL_TIME = 1;
    static final int LOCAL_DATE_TIME = 2;
    static final int OFFSET_DATE_TIME = 3;
    static final int ZONED_DATE_TIME = 4;
    static final int ZONE = 5;
    static final int PERIOD = 6;
    static final int FILE = 7;
    static final int PATH = 8;

    private final int kind;
    private final Class<?> arrivesAs;

    Texts(int kind, Class<?> arrivesAs)
    {
        this.kind = kind;
        this.arrivesAs = arrivesAs;
    }

    @Override
    public void write(Encoder out, Object value)
    {
        out.tag(Tags.TEXT);
        out.i8(kind);
        out.string(value.toString());
    }

    @Override
    public Class<?> arrivesAs(Class<?> type)
    {
        return arrivesAs;
    }

    static Object read(Decoder in)
    {
        int kind = in.u8();
        String text = in.string();
        switch (kind)
        {
            case LOCAL_DATE:
                return LocalDate.parse(text);
            case LOCAL_TIME:
                return LocalTime.parse(text);
            case LOCAL_DATE_TIME:
                return LocalDateTime.parse(text);
            case OFFSET_DATE_TIME:
                return OffsetDateTime.parse(text);
            case ZONED_DATE_TIME:
                return ZonedDateTime.parse(text);
            case ZONE:
                return ZoneId.of(text);
            case PERIOD:
                return Period.parse(text);
            case FILE:
                return new File(text);
            case PATH:
                return Path.of(text);
            default:
                throw in.malformed("text of kind " + kind);
        }
    }
}
