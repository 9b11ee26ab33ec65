package parallel.clojure;

/**
 * A writer whose lines the parent labels: they must not be labelled before, and the lines of workers below do not go
 * through it.
 */
public interface LabelledByParent
{
}
