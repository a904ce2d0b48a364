package dev.lockstep.benchmarks.contender;

/**
 * No training but a bound: {@link DenseProducts} of the first layer, a dense one, for all batches
 * of a task, which so many threads share.
 */
public record FirstLayerProducts(int threads) implements Contender {
  @Override
  public String name() {
    return "the two products of the first layer, %s"
        .formatted(threads == 1 ? "1 thread" : threads + " threads");
  }

  @Override
  public String note() {
    return "The two products are the first layer's outputs and its weights' gradient, by OpenBLAS in"
        + " the order of memory that `fused` has.";
  }

  @Override
  public Run train(Task task) throws InterruptedException {
    long batches = task.batches();
    double seconds =
        Together.seconds(threads, thread -> new Products(task, share(batches, thread)));
    return Run.timed(task.examples(), seconds);
  }

  /** How many of the batches are a thread's. */
  private long share(long batches, int thread) {
    return (batches - thread + threads - 1) / threads;
  }

  /** Of one thread. */
  private static final class Products implements Together.Computation {
    private final DenseProducts products;
    private final long batches;

    Products(Task task, long batches) {
      this.products =
          new DenseProducts(
              task.network().layers().get(0).input().size(),
              task.network().layers().get(0).output().size(),
              task.plan().batchSize());
      this.batches = batches;
    }

    @Override
    public void run() {
      for (long i = 0; i < batches; i++) {
        products.multiply();
      }
    }

    @Override
    public void close() {
      products.close();
    }
  }
}
