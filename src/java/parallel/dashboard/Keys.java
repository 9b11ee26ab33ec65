package parallel.dashboard;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.Deque;

/**
 * Who may look: a token of an address is good for one exchange, against a cookie. All are 128 random bits, and compared
 * in constant time. The oldest ones are forgotten. Safe from any thread.
 */
final class Keys
{
    private static final int MOST = 64;
    private static final int BYTES = 16;

    private final SecureRandom random = new SecureRandom();
    private final Deque<byte[]> tokens = new ArrayDeque<>();
    private final Deque<byte[]> cookies = new ArrayDeque<>();

    String newToken()
    {
        return added(tokens);
    }

    /**
     * Takes a token for a cookie.
     *
     * @param token as the address has it.
     * @return the cookie; null where it is none of ours, or was used.
     */
    synchronized String exchange(String token)
    {
        byte[] found = found(tokens, token);
        if (found == null)
        {
            return null;
        }
        tokens.removeIf(each -> each == found);
        return added(cookies);
    }

    synchronized boolean isCookie(String cookie)
    {
        return found(cookies, cookie) != null;
    }

    private synchronized String added(Deque<byte[]> known)
    {
        if (known.size() == MOST)
        {
            known.removeFirst();
        }
        String made = make();
        known.addLast(bytes(made));
        return made;
    }

    String make()
    {
        byte[] bits = new byte[BYTES];
        random.nextBytes(bits);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bits);
    }

    /** Looks at all of them, so that the time does not tell which it is. */
    private static byte[] found(Deque<byte[]> known, String given)
    {
        byte[] wanted = bytes(given);
        byte[] found = null;
        for (byte[] each : known)
        {
            found = MessageDigest.isEqual(each, wanted) ? each : found;
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
