package parallel.relay;

/** Hears what comes on a {@link Stream}, in order, on the engine's thread: must not block. */
public interface StreamListener
{
    /**
     * A frame has come. {@link Stream#grant} has to follow, once, when it is dealt with.
     *
     * @param frame its bytes, which belong to the listener.
     */
    void onFrame(byte[] frame);

    /** There is room in the window again. */
    void onReady();

    /**
     * Nothing more comes. Once.
     *
     * @param why null: the other end has closed the stream; else what broke it.
     */
    void onEnd(Throwable why);
}
