package dev.lockstep.spark.transport;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/** A wire between one worker and a coordinator that can be cut without either end's noticing. */
final class Relay implements AutoCloseable {
  private static final String HOST = "127.0.0.1";

  private final ServerSocket server;
  private final int to;
  private final List<Socket> sockets = new CopyOnWriteArrayList<>();
  private final AtomicLong left = new AtomicLong(Long.MAX_VALUE);
  private final AtomicLong leftOfAnswers = new AtomicLong(Long.MAX_VALUE);
  private volatile boolean silent;

  /** A relay to the port {@code to} of this machine. */
  Relay(int to) throws IOException {
    this.server = new ServerSocket(0, 50, InetAddress.getByName(HOST));
    this.to = to;
    start(this::accept);
  }

  /** The invitation to come by this relay. */
  Invitation instead(Invitation invitation) {
    return new Invitation(
        HOST,
        server.getLocalPort(),
        invitation.run(),
        invitation.secret(),
        invitation.encrypted(),
        invitation.workerLoss());
  }

  /** From now on nothing comes through, and both connections stay open. */
  void fallSilent() {
    silent = true;
  }

  /** The same, once {@code bytes} more have come from the worker. */
  void fallSilentAfter(long bytes) {
    left.set(bytes);
  }

  /** The same, once the coordinator has said {@code bytes} more. */
  void fallSilentAfterAnswer(long bytes) {
    leftOfAnswers.set(bytes);
  }

  private void accept() throws IOException {
    while (true) {
      Socket worker = server.accept();
      Socket coordinator = new Socket(HOST, to);
      sockets.addAll(List.of(worker, coordinator));
      start(() -> copy(worker.getInputStream(), coordinator.getOutputStream(), left));
      start(() -> copy(coordinator.getInputStream(), worker.getOutputStream(), leftOfAnswers));
    }
  }

  private void copy(InputStream in, OutputStream out, AtomicLong passing) throws IOException {
    byte[] buffer = new byte[1 << 12];
    for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
      int passed = (int) Math.min(read, passing.get());
      if (!silent) {
        out.write(buffer, 0, passed);
      }
      if (passing.addAndGet(-passed) == 0) {
        silent = true;
      }
    }
  }

  private interface Work {
    void run() throws IOException;
  }

  private static void start(Work work) {
    Thread thread =
        new Thread(
            () -> {
              try {
                work.run();
              } catch (IOException e) {
                // The sockets were closed.
              }
            },
            "relay");
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public void close() {
    try {
      server.close();
      for (Socket socket : sockets) {
        socket.close();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
