package parallel.hosts;

import parallel.HostStatus;
import parallel.WorkerStatus;
import parallel.transport.StatusPage;

/** What workers of a host have exchanged with their parent, in all. Safe from any thread. */
final class Traffic
{
    private long messagesSent;
    private long bytesSent;
    private long messagesReceived;
    private long bytesReceived;

    synchronized void add(WorkerStatus worker)
    {
        add(worker.messagesSent(), worker.bytesSent(), worker.messagesReceived(), worker.bytesReceived());
    }

    synchronized void add(HostStatus.Traffic some)
    {
        add(some.messagesSent(), some.bytesSent(), some.messagesReceived(), some.bytesReceived());
    }

    synchronized void add(StatusPage.Counts counts)
    {
        add(counts.sent(), counts.bytesSent(), counts.received(), counts.bytesReceived());
    }

    private void add(long sent, long sentBytes, long received, long receivedBytes)
    {
        messagesSent += sent;
        bytesSent += sentBytes;
        messagesReceived += received;
        bytesReceived += receivedBytes;
    }

    synchronized HostStatus.Traffic now()
    {
        return new HostStatus.Traffic(messagesSent, bytesSent, messagesReceived, bytesReceived);
    }
}
