/*
 * Gives an array of doubles to all ranks again and again: MPI_Bcast, then one element of each page is read, and a barrier.
 *
 *     mpicc -O2 -o broadcast broadcast.c && mpirun -n 5 ./broadcast ELEMENTS ROUNDS      prints the median of the rounds, in ms
 */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

#define STRIDE 512

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const long elements = argc > 1 ? atol(argv[1]) : 10000000;
    const int rounds = argc > 2 ? atoi(argv[2]) : 9;
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    double *xs = malloc(elements * sizeof(double));
    double *times = malloc(rounds * sizeof(double));
    for (long i = 0; i < elements; i++)
    {
        xs[i] = rank == 0 ? (double)i : 0.0;
    }
    volatile double total = 0;
    for (int round = 0; round < rounds; round++)
    {
        MPI_Barrier(MPI_COMM_WORLD);
        const double start = MPI_Wtime();
        MPI_Bcast(xs, (int)elements, MPI_DOUBLE, 0, MPI_COMM_WORLD);
        for (long i = 0; i < elements; i += STRIDE)
        {
            total += xs[i];
        }
        MPI_Barrier(MPI_COMM_WORLD);
        times[round] = MPI_Wtime() - start;
    }
    if (rank == 0)
    {
        qsort(times, rounds, sizeof(double), compare);
        printf("%.3f\n", 1000 * times[rounds / 2]);
    }
    free(xs);
    free(times);
    MPI_Finalize();
    return 0;
}
