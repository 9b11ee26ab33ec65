/* Open MPI between two ranks: what bench/java/parallel/bench/Rounds.java measures, by blocking MPI_Send and MPI_Recv.
   Rank 0 reads rounds from stdin, a line each, and prints EDN. Between rounds rank 1 sleeps: a waiting MPI_Recv spins. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUND = 1, DATA = 2 };

typedef struct { char what[16]; int size, times; } round_t;

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void send_to(int rank, const void *data, int count, MPI_Datatype type)
{
    MPI_Send(data, count, type, rank, DATA, MPI_COMM_WORLD);
}

static void receive_from(int rank, void *data, int count, MPI_Datatype type)
{
    MPI_Recv(data, count, type, rank, DATA, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

static void ping(int times)
{
    static const double percentiles[] = {1, 10, 25, 50, 75, 90, 95, 99, 99.9, 99.99, 100};
    double *ns = malloc(times * sizeof *ns);
    for (int i = 0; i < times; i++)
    {
        long value = i;
        double start = seconds();
        send_to(1, &value, 1, MPI_LONG);
        receive_from(1, &value, 1, MPI_LONG);
        ns[i] = (seconds() - start) * 1e9;
    }
    qsort(ns, times, sizeof *ns, ascending);
    printf("{:p50 %.0f :percentiles [", ns[times / 2]);
    for (size_t i = 0; i < sizeof percentiles / sizeof *percentiles; i++)
    {
        printf("[%g %.0f]", percentiles[i], ns[(int)((times - 1) * percentiles[i] / 100)]);
    }
    printf("]}\n");
    free(ns);
}

static void array(int size, int times)
{
    long answer;
    double *data = malloc(size * sizeof *data);
    for (int i = 0; i < size; i++)
    {
        data[i] = i;
    }
    receive_from(1, &answer, 1, MPI_LONG);
    double start = seconds();
    for (int i = 0; i < times; i++)
    {
        send_to(1, data, size, MPI_DOUBLE);
    }
    receive_from(1, &answer, 1, MPI_LONG);
    printf("{:bytes-per-second %g}\n", 8.0 * size * times / (seconds() - start));
    free(data);
}

static void one_way(int size, int times)
{
    long answer;
    char *data = calloc(size, 1);
    double start = seconds();
    for (int i = 0; i < times; i++)
    {
        send_to(1, data, size, MPI_BYTE);
    }
    receive_from(1, &answer, 1, MPI_LONG);
    printf("{:per-second %g}\n", times / (seconds() - start));
    free(data);
}

static void measure(void)
{
    round_t round;
    printf("{:ready true}\n");
    fflush(stdout);
    while (scanf("%15s %d %d", round.what, &round.size, &round.times) == 3)
    {
        MPI_Send(&round, sizeof round, MPI_BYTE, 1, ROUND, MPI_COMM_WORLD);
        if (strcmp(round.what, "ping") == 0)
        {
            ping(round.times);
        }
        else if (strcmp(round.what, "one-way") == 0)
        {
            one_way(round.size, round.times);
        }
        else
        {
            array(round.size, round.times);
        }
        fflush(stdout);
    }
    round.times = 0;
    MPI_Send(&round, sizeof round, MPI_BYTE, 1, ROUND, MPI_COMM_WORLD);
}

static void echo(int times)
{
    for (int i = 0; i < times; i++)
    {
        long value;
        receive_from(0, &value, 1, MPI_LONG);
        send_to(0, &value, 1, MPI_LONG);
    }
}

static void take_bytes(int size, int times)
{
    long answer = times;
    char *data = malloc(size);
    for (int i = 0; i < times; i++)
    {
        receive_from(0, data, size, MPI_BYTE);
    }
    send_to(0, &answer, 1, MPI_LONG);
    free(data);
}

static void take(int size, int times)
{
    long answer = times;
    double *data = malloc(size * sizeof *data);
    memset(data, -1, size * sizeof *data);
    send_to(0, &answer, 1, MPI_LONG);
    for (int i = 0; i < times; i++)
    {
        receive_from(0, data, size, MPI_DOUBLE);
    }
    send_to(0, &answer, 1, MPI_LONG);
    free(data);
}

static void serve(void)
{
    for (;;)
    {
        round_t round;
        int there = 0;
        const struct timespec pause = {0, 1000000};
        while (!there)
        {
            nanosleep(&pause, NULL);
            MPI_Iprobe(0, ROUND, MPI_COMM_WORLD, &there, MPI_STATUS_IGNORE);
        }
        MPI_Recv(&round, sizeof round, MPI_BYTE, 0, ROUND, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        if (round.times == 0)
        {
            return;
        }
        if (strcmp(round.what, "ping") == 0)
        {
            echo(round.times);
        }
        else if (strcmp(round.what, "one-way") == 0)
        {
            take_bytes(round.size, round.times);
        }
        else
        {
            take(round.size, round.times);
        }
    }
}

int main(int argc, char **argv)
{
    int rank;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (rank == 0)
    {
        measure();
    }
    else
    {
        serve();
    }
    MPI_Finalize();
    return 0;
}
