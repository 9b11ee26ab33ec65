package parallel.clojure;

import clojure.lang.Keyword;
import clojure.lang.Named;
import clojure.lang.Symbol;
import parallel.codec.Decoder;
import parallel.codec.Encoder;
import parallel.codec.NameCache;
import parallel.codec.TypeWriter;

/**
 * Keywords and symbols. The bytes of the ones written lately are kept, in a table of fixed size; entries are immutable,
 * so that threads may race on it.
 */
abstract class ClojureTypesNames extends TypeWriter
{
    static final ClojureTypesNames KEYWORDS = new Keywords();
    static final ClojureTypesNames SYMBOLS = new Symbols();

    private static final int SIZE = 1024;

    private final int tag;
    private final int longTag;
    private final NameCache cache;
    private final Entry[] entries = new Entry[SIZE];

    private static final class Entry
    {
        final Object named;
        final byte[] bytes;
        /** The bytes, if there are at most eight. */
        final long word;

        Entry(Object named, byte[] bytes)
        {
            this.named = named;
            this.bytes = bytes;
            long all = 0;
            for (int i = Math.min(8, bytes.length) - 1; i >= 0; i--)
            {
                all = all << 8 | bytes[i] & 0xFF;
            }
            word = all;
        }
    }

    private ClojureTypesNames(int tag, int longTag, NameCache cache)
    {
        this.tag = tag;
        this.longTag = longTag;
        this.cache = cache;
    }

    final void writeName(Encoder out, Named named, int hash)
    {
        int slot = hash & SIZE - 1;
        Entry entry = entries[slot];
        if (entry == null || entry.named != named && !entry.named.equals(named))
        {
            entry = entry(out, named);
            if (entry == null)
            {
                return;
            }
            entries[slot] = entry;
        }
        if (entry.bytes.length <= 8)
        {
            out.word(entry.word, entry.bytes.length);
        }
        else
        {
            out.raw(entry.bytes, entry.bytes.length);
        }
    }

    /** The short form of a name; null, and the name written, if it has none. */
    private Entry entry(Encoder out, Named named)
    {
        byte[] bytes = NameCache.bytes(named.getNamespace(), named.getName());
        if (bytes == null)
        {
            out.tag(longTag);
            out.value(named.getNamespace());
            out.value(named.getName());
            return null;
        }
        byte[] tagged = new byte[1 + bytes.length];
        tagged[0] = (byte)tag;
        System.arraycopy(bytes, 0, tagged, 1, bytes.length);
        return new Entry(unadorned(named), tagged);
    }

    /** What may be kept: no metadata. */
    abstract Object unadorned(Named named);

    final Object read(Decoder in)
    {
        return cache.read(in);
    }

    final Object readLong(Decoder in)
    {
        Object namespace = in.value();
        return make((String)namespace, in.string());
    }

    abstract Object make(String namespace, String name);

    private static final class Keywords extends ClojureTypesNames
    {
        Keywords()
        {
            super(ClojureTypesTags.KEYWORD, ClojureTypesTags.KEYWORD_LONG, new NameCache()
            {
                @Override
                protected Object make(String namespace, String name)
                {
                    return Keyword.intern(Symbol.intern(namespace, name));
                }
            });
        }

        @Override
        public void write(Encoder out, Object value)
        {
            writeName(out, (Keyword)value, ((Keyword)value).hasheq());
        }

        @Override
        Object unadorned(Named named)
        {
            return named;
        }

        @Override
        Object make(String namespace, String name)
        {
            return Keyword.intern(Symbol.intern(namespace, name));
        }
    }

    private static final class Symbols extends ClojureTypesNames
    {
        Symbols()
        {
            super(ClojureTypesTags.SYMBOL, ClojureTypesTags.SYMBOL_LONG, new NameCache()
            {
                @Override
                protected Object make(String namespace, String name)
                {
                    return Symbol.intern(namespace, name);
                }
            });
        }

        @Override
        public void write(Encoder out, Object value)
        {
            Symbol symbol = (Symbol)value;
            if (symbol.meta() != null)
            {
                ClojureTypesMeta.write(out, symbol.meta());
            }
            writeName(out, symbol, symbol.hasheq());
        }

        @Override
        Object unadorned(Named named)
        {
            return Symbol.intern(named.getNamespace(), named.getName());
        }

        @Override
        Object make(String namespace, String name)
        {
            return Symbol.intern(namespace, name);
        }
    }
}
