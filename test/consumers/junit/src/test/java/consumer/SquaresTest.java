package consumer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import parallel.Parallel;

@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SquaresTest
{
    @AfterAll
    static void close()
    {
        Parallel.close();
    }

    @Test
    void theClassPathIsOneJarThatNamesTheOthers()
    {
        String classPath = System.getProperty("surefire.real.class.path", System.getProperty("java.class.path"));
        assertTrue(classPath.endsWith(".jar") && !classPath.contains(File.pathSeparator), classPath);
    }

    @Test
    void aWorkerRunsAClassOfTheProject() throws InterruptedException
    {
        assertEquals(385, Squares.sum(10));
    }

    @Test
    void aWorkerRunsALambdaOfATestThatUsesJUnit() throws InterruptedException
    {
        assertEquals("in worker", Parallel.run(() ->
        {
            assertEquals(9, Squares.square(3));
            return "in worker";
        }).join());
    }

    @Test
    void thereIsNoClojureHereNorInAWorker() throws InterruptedException
    {
        assertThrows(ClassNotFoundException.class, () -> Class.forName("clojure.lang.RT"));
        assertEquals("none", Parallel.run(() ->
        {
            assertThrows(ClassNotFoundException.class, () -> Class.forName("clojure.lang.RT"));
            return "none";
        }).join());
    }
}
