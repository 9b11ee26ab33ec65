package parallel.child;

import parallel.transport.StatusPage;

/**
 * Notes when a worker's last messages were, by looking at their counts now and then: a clock at each message would cost
 * as much as the message. Safe from any thread; two that look at once may note the same.
 */
final class Activity
{
    private final StatusPage status;
    private volatile long sent;
    private volatile long received;

    Activity(StatusPage status)
    {
        this.status = status;
    }

    // True: there was a message since the last look.
    boolean look()
    {
        boolean any = false;
        long sentNow = status.messagesSent();
        if (sentNow != sent)
        {
            any = true;
            sent = sentNow;
            status.lastSentAtMs(System.currentTimeMillis());
        }
        long receivedNow = status.messagesReceived();
        if (receivedNow != received)
        {
            any = true;
            received = receivedNow;
            status.lastReceivedAtMs(System.currentTimeMillis());
        }
        return any;
    }
}
