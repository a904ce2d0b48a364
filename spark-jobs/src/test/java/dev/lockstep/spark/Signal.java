package dev.lockstep.spark;

import static org.assertj.core.api.Assertions.assertThat;

/** A signal to another process of this machine. */
public final class Signal {
  private Signal() {}

  /**
   * Sends it, to a process that is there.
   *
   * @param name of the signal without its SIG, such as {@code KILL}
   */
  public static void send(String name, ProcessHandle process) throws Exception {
    Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start();
    assertThat(kill.waitFor()).as("kill -%s %d", name, process.pid()).isZero();
  }
}
