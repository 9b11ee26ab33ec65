package parallel.transport;

import java.util.Arrays;

import org.agrona.concurrent.UnsafeBuffer;

/**
 * A look at the waits of a session that costs some ten microseconds before anything is compiled: each blocked call
 * looks once a second, of a hundred idle workers, too. Who has no wait can act; so can who has one that ends by itself,
 * or that enough others can end who are not looked at already. It errs towards stuck: a way that leads back counts as
 * one, and so does a wait whose peers changed while they were read only until the next look. Used by one thread.
 */
final class QuickLook
{
    private final UnsafeBuffer page;
    private final int[] places = new int[SessionLayout.WAITS];
    private final int[] owners = new int[SessionLayout.WAITS];
    private int count;
    private int[] asked = new int[8];
    private int askedCount;

    QuickLook(UnsafeBuffer page)
    {
        this.page = page;
        for (int index = 0; index < SessionLayout.WAITS; index++)
        {
            int use = page.getIntVolatile(SessionLayout.useOffset(index));
            if (use != 0)
            {
                places[count] = SessionLayout.waitOffset(index);
                owners[count++] = use - 1;
            }
        }
    }

    // Are fewer than so many of them able to act?
    boolean isShortOf(int needed, int[] processes)
    {
        int able = 0;
        for (int process : processes)
        {
            able += canAct(process) ? 1 : 0;
        }
        return able < needed;
    }

    private boolean canAct(int process)
    {
        for (int i = 0; i < askedCount; i++)
        {
            if (asked[i] == process)
            {
                return false;
            }
        }
        if (askedCount == asked.length)
        {
            asked = Arrays.copyOf(asked, 2 * askedCount);
        }
        asked[askedCount++] = process;
        boolean waits = false;
        for (int i = 0; i < count; i++)
        {
            if (owners[i] == process)
            {
                waits = true;
                if (mayEnd(places[i]))
                {
                    return true;
                }
            }
        }
        return !waits;
    }

    private boolean mayEnd(int at)
    {
        int ids = page.getInt(at + SessionLayout.ON);
        return page.getLong(at + SessionLayout.UNTIL) != Long.MAX_VALUE || ids <= 0 || ids > SessionLayout.MOST_ON ||
            !isShortOf(page.getInt(at + SessionLayout.NEEDED), ids(at + SessionLayout.ON, ids));
    }

    private int[] ids(int at, int count)
    {
        int[] ids = new int[count];
        for (int i = 0; i < count; i++)
        {
            ids[i] = page.getInt(at + Integer.BYTES * (i + 1));
        }
        return ids;
    }
}
