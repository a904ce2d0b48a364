package dev.lockstep.benchmarks.contender;

import dev.lockstep.nativelib.NativeLibraries;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;

/** Threads that compute at the same time, each with one native thread, as workers do. */
final class Together {
  private static final long READY_SECONDS = 60;

  private Together() {}

  /** What one of the threads computes, in memory of its own. */
  interface Computation extends AutoCloseable {
    void run();

    @Override
    void close();
  }

  /**
   * Seconds of wall-clock time from the moment when all threads are ready to the end of the last.
   *
   * @param open makes the computation of a thread, from 0, in that thread
   */
  static double seconds(int threads, IntFunction<Computation> open) throws InterruptedException {
    CyclicBarrier ready = new CyclicBarrier(threads);
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      List<Future<long[]>> running = new ArrayList<>();
      for (int thread = 0; thread < threads; thread++) {
        int number = thread;
        running.add(pool.submit(() -> timed(open, number, ready)));
      }
      long from = Long.MAX_VALUE;
      long to = Long.MIN_VALUE;
      for (Future<long[]> each : running) {
        long[] times = each.get();
        from = Math.min(from, times[0]);
        to = Math.max(to, times[1]);
      }
      return (to - from) * 1e-9;
    } catch (ExecutionException e) {
      throw new IllegalStateException("a thread did not compute to the end", e.getCause());
    } finally {
      pool.shutdownNow();
    }
  }

  /** When it began and when it ended. */
  private static long[] timed(IntFunction<Computation> open, int number, CyclicBarrier ready)
      throws Exception {
    NativeLibraries.load();
    try (Computation computation = open.apply(number)) {
      ready.await(READY_SECONDS, TimeUnit.SECONDS);
      long from = System.nanoTime();
      computation.run();
      return new long[] {from, System.nanoTime()};
    }
  }
}
