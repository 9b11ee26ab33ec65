package parallel.runtime;

import parallel.process.Output;

/**
 * Where the labelled lines of workers go. May block.
 */
interface Lines
{
    /**
     * Delivers a line.
     *
     * @param stream which of the two.
     * @param id     of the process that printed it.
     * @param line   without label and newline.
     */
    void line(Output.Stream stream, int id, String line);

    /** The root's own stdout and stderr. */
    Lines OF_ROOT = (stream, id, line) -> (stream == Output.Stream.OUT ? System.out : System.err).println(Text.label(id) + line);
}
