package dev.lockstep.engine;

import org.bytedeco.openblas.global.openblas;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.nativeblas.NativeOpsHolder;

/**
 * One worker is one thread: native libraries get one thread each, whatever the environment says,
 * for the parallelism is the workers'.
 */
public final class NativeThreads {
  private NativeThreads() {}

  /** Sets OpenMP and OpenBLAS to one thread, for the whole process and for the calling thread. */
  public static void single() {
    Nd4j.getEnvironment().setMaxThreads(1);
    Nd4j.getEnvironment().setMaxMasterThreads(1);
    NativeOpsHolder.getInstance().getDeviceNativeOps().setOmpNumThreads(1);
    openblas.blas_set_num_threads(1);
  }
}
