package parallel.dashboard;

import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;

/** Tokens of addresses, by a clock that the test sets. */
public final class Tokens
{
    private final Keys keys = new Keys(this::nowNanos);
    private long nowNanos = Long.MAX_VALUE - 1;     // it runs over, as System.nanoTime may

    private long nowNanos()
    {
        return nowNanos;
    }

    /**
     * Lets time go by.
     *
     * @param seconds of it.
     */
    public void pass(long seconds)
    {
        nowNanos += TimeUnit.SECONDS.toNanos(seconds);
    }

    /**
     * A new one.
     *
     * @param ofOwnUser whether it is for programs of this user alone.
     * @return it.
     */
    public String make(boolean ofOwnUser)
    {
        return ofOwnUser ? keys.newTokenOfOwnUser() : keys.newToken();
    }

    /**
     * Shows one.
     *
     * @param token     as it was made.
     * @param isOwnUser whether a program of this user does.
     * @return true: it was let in.
     */
    public boolean show(String token, boolean isOwnUser)
    {
        return keys.exchange(token, () -> isOwnUser) != null;
    }

    /**
     * Whose the other end of a connection is.
     *
     * @param other its other end.
     * @param port  of this side.
     * @return true: this user's or root's.
     */
    public static boolean isOwn(InetSocketAddress other, int port)
    {
        return SocketOwner.isOurs(other, port);
    }
}
