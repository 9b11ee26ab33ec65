/**
 * One operating system process: its command line, launch, output, end, and the scratch directory of a session.
 *
 * <p>Knows no ring and no value. Everything that asks the operating system who is alive, what a signal is called or
 * where a temporary file may lie is here and nowhere else.
 */
package parallel.process;
