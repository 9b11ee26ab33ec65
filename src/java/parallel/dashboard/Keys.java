package parallel.dashboard;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/**
 * Who may look: a token of an address is good for one exchange, against a cookie. All are 128 random bits, and compared
 * in constant time. The oldest ones are forgotten, and tokens that nobody has used in time. Safe from any thread.
 */
final class Keys
{
    private static final int MOST = 64;
    private static final int BYTES = 16;
    private static final long TOKEN_NANOS = TimeUnit.MINUTES.toNanos(10);

    private final SecureRandom random = new SecureRandom();
    private final Deque<Key> tokens = new ArrayDeque<>();
    private final Deque<Key> cookies = new ArrayDeque<>();
    private final LongSupplier clock;

    /**
     * A token or a cookie.
     *
     * @param bytes     of it.
     * @param madeNanos when.
     * @param ofOwnUser whether it is good for programs of this user alone.
     */
    private record Key(byte[] bytes, long madeNanos, boolean ofOwnUser)
    {
    }

    Keys()
    {
        this(System::nanoTime);
    }

    /** With a clock that a test can set. */
    Keys(LongSupplier clock)
    {
        this.clock = clock;
    }

    String newToken()
    {
        return added(tokens, false);
    }

    /** One that others may read in the process table: it is of no use to other users. */
    String newTokenOfOwnUser()
    {
        return added(tokens, true);
    }

    /**
     * Takes a token for a cookie.
     *
     * @param token     as the address has it.
     * @param isOwnUser whether a program of this user shows it; asked where that matters.
     * @return the cookie; null where it is none of ours, was used, is too old, or not for this one.
     */
    synchronized String exchange(String token, BooleanSupplier isOwnUser)
    {
        tokens.removeIf(each -> clock.getAsLong() - each.madeNanos > TOKEN_NANOS);
        Key found = found(tokens, token);
        if (found == null || found.ofOwnUser && !isOwnUser.getAsBoolean())
        {
            return null;
        }
        tokens.removeIf(each -> each == found);
        return added(cookies, false);
    }

    synchronized boolean isCookie(String cookie)
    {
        return found(cookies, cookie) != null;
    }

    private synchronized String added(Deque<Key> known, boolean ofOwnUser)
    {
        if (known.size() == MOST)
        {
            known.removeFirst();
        }
        String made = make();
        known.addLast(new Key(bytes(made), clock.getAsLong(), ofOwnUser));
        return made;
    }

    String make()
    {
        byte[] bits = new byte[BYTES];
        random.nextBytes(bits);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bits);
    }

    /** Looks at all of them, so that the time does not tell which it is. */
    private static Key found(Deque<Key> known, String given)
    {
        byte[] wanted = bytes(given);
        Key found = null;
        for (Key each : known)
        {
            found = MessageDigest.isEqual(each.bytes, wanted) ? each : found;
        }
        return found;
    }

    static boolean isSame(String known, String given)
    {
        return MessageDigest.isEqual(bytes(known), bytes(given));
    }

    private static byte[] bytes(String text)
    {
        return (text == null ? "" : text).getBytes(StandardCharsets.UTF_8);
    }
}
