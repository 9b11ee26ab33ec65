package parallel.clojure;

import parallel.codec.Tags;

/**
 * The first bytes of Clojure values. Notation as in {@link Tags}.
 *
 * <pre>
 *   META (key value)* END value       the metadata that can be sent, then the value, which has no META of its own
 *   KEYWORD name | SYMBOL name        see NameCache
 *   KEYWORD_LONG, SYMBOL_LONG         namespace string or NIL, name string
 *   VECTOR n values | LIST n values | QUEUE n values
 *   SEQ values END                    lazy and other sequences; arrives as a list
 *   ARRAY_MAP n (key value)*n | HASH_MAP n (key value)*n | HASH_SET n values
 *   SORTED_MAP order n (key value)*n | SORTED_SET order n values          order: NIL, or string "namespace/var"
 *   MAP_ENTRY key value
 *   RECORD ref(class, shape-i32) values n (key value)*n                   the fields, then what was assoc'ed
 *   RATIO n bytes n bytes             numerator and denominator, two's complement, big-endian
 *   BIG_INT n bytes
 *   TAGGED symbol value | CONDITIONAL value value                         (form, splicing?)
 * </pre>
 */
final class ClojureTypesTags
{
    static final int META = Tags.MODULE_FIRST;
    static final int KEYWORD = 0x81;
    static final int KEYWORD_LONG = 0x82;
    static final int SYMBOL = 0x83;
    static final int SYMBOL_LONG = 0x84;
    static final int VECTOR = 0x85;
    static final int LIST = 0x86;
    static final int SEQ = 0x87;
    static final int ARRAY_MAP = 0x88;
    static final int HASH_MAP = 0x89;
    static final int HASH_SET = 0x8A;
    static final int SORTED_MAP = 0x8B;
    static final int SORTED_SET = 0x8C;
    static final int QUEUE = 0x8D;
    static final int MAP_ENTRY = 0x8E;
    static final int RECORD = 0x8F;
    static final int RATIO = 0x90;
    static final int BIG_INT = 0x91;
    static final int TAGGED = 0x92;
    static final int CONDITIONAL = 0x93;

    private ClojureTypesTags()
    {
    }
}
