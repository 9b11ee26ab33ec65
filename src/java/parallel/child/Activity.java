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

    void look()
    {
        long sentNow = status.messagesSent();
        if (sentNow != sent)
        {
            sent = sentNow;
            status.lastSentAtMs(System.currentTimeMillis());
        }
        long receivedNow = status.messagesReceived();
        if (receivedNow != received)
        {
            received = receivedNow;
            status.lastReceivedAtMs(System.currentTimeMillis());
        }
    }
}
