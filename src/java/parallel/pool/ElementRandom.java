package parallel.pool;

import java.util.random.RandomGenerator;

/**
 * The random numbers of one element of a map: a stream of its own that depends on the seed of the map and the index of
 * the element only, not on which worker evaluates it or in what order. One thread at a time.
 *
 * <p>L64X128: a linear congruential generator and a xoroshiro128 side by side, their sum mixed; the additive constant
 * of the former is another one for each index, so that two elements never draw from one sequence. After G. L. Steele
 * and S. Vigna, "LXM: better splittable pseudorandom number generators (and almost as fast)", OOPSLA 2021; the mixing
 * of the seed after D. Stafford's variant 13 of MurmurHash3's. Written here, so that a seed gives the same numbers on
 * every JDK.
 */
public final class ElementRandom implements RandomGenerator
{
    private static final long GOLDEN = 0x9e3779b97f4a7c15L;
    private static final long MULTIPLIER = 0xd1342543de82ef95L;

    private final long constant;
    private long s;
    private long x0;
    private long x1;

    /**
     * The stream of an element.
     *
     * @param seed  of the map.
     * @param index of the element.
     */
    public ElementRandom(long seed, long index)
    {
        long start = mixed(seed) + index * GOLDEN;
        constant = index << 1 | 1;
        s = mixed(start + GOLDEN);
        x0 = mixed(start ^ seed);
        x1 = mixed(start + 2 * GOLDEN);
        if ((x0 | x1) == 0)
        {
            x1 = GOLDEN;        // xoroshiro stays where it is at zero
        }
    }

    private static long mixed(long value)
    {
        long z = value;
        z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        return z ^ z >>> 31;
    }

    @Override
    public long nextLong()
    {
        long z = s + x0;
        z = (z ^ z >>> 32) * 0xdaba0b6eb09322e3L;
        z = (z ^ z >>> 32) * 0xdaba0b6eb09322e3L;
        long result = z ^ z >>> 32;
        s = MULTIPLIER * s + constant;
        long other = x1 ^ x0;
        x0 = Long.rotateLeft(x0, 24) ^ other ^ other << 16;
        x1 = Long.rotateLeft(other, 37);
        return result;
    }
}
