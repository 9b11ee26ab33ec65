package parallel.bench;

/**
 * What is measured at a stretch.
 *
 * @param what  the name of the round.
 * @param size  of a message: bytes, or elements of an array.
 * @param times how many messages.
 */
record Round(String what, int size, int times)
{
    static Round parse(String line)
    {
        String[] words = line.trim().split(" ");
        return new Round(words[0], Integer.parseInt(words[1]), Integer.parseInt(words[2]));
    }

    @Override
    public String toString()
    {
        return what + " " + size + " " + times;
    }
}
