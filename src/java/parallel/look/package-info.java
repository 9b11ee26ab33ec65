/**
 * What goes on and what went on, for people: read from memory that processes write anyway, so that nobody is asked.
 *
 * <p>Begin with {@link parallel.look.Timelines}, which reads the flight records of workers; {@code TraceFile} and
 * {@code ReportFile} write what it has found to files, {@code Lanes} has what is drawn beside what, and
 * {@code WorkerData} a worker as the pages have it. {@code FlameFile} draws stacks. Then
 * {@link parallel.look.Deadlocks}: {@code WaitGraph} is the rule, for waits of any origin; {@code OtherThreads} says
 * who else of a process may act; {@code DeadlockLook} is what a call asks that has waited for long.
 *
 * <p>May know: api, runtime, control, transport.
 */
package parallel.look;
