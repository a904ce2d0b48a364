package dev.lockstep.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.lockstep.data.Augmentation;
import dev.lockstep.data.Examples;
import dev.lockstep.data.MicroBatch;
import dev.lockstep.data.Shape;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

class BatchTest {
  private static final int SIZE = 12;

  private static final int STEPS = 100;

  @Test
  void fillingWithChangedImagesAllocatesNothing() {
    Shape shape = new Shape(10, 9, 2);
    Examples examples = Problem.examples(shape, 3, SIZE);
    Augmentation augmentation = new Augmentation(10, 2, 0.1);
    MicroBatch part = new MicroBatch(SIZE);
    for (int i = 0; i < SIZE; i++) {
      part.add(i, i);
    }
    Batch batch = new Batch(shape, SIZE);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    for (int step = 0; step < STEPS; step++) {
      batch.fill(examples, part, augmentation, 1, step);
    }
    long before = threads.getCurrentThreadAllocatedBytes();
    for (int step = 0; step < STEPS; step++) {
      batch.fill(examples, part, augmentation, 1, step);
    }
    assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(1024);
  }
}
