// Sends the lines that Mocamba reads (docs/devices.md, "Text lines"), from an ESP32 (or another 32-bit board, over USB) with
// a BNO085 or BNO080.
//
// Libraries, in the Arduino IDE: "Adafruit BNO08x". Wiring: SDA, SCL, 3.3 V, GND.
// Set NAME to where the sensor is worn: each sensor needs a name of its own.
// Over USB leave WIFI_NAME empty; with a name, an ESP32 sends UDP datagrams to the computer instead.

#include <Adafruit_BNO08x.h>

const char *NAME = "left_shin";
const char *WIFI_NAME = "";
const char *WIFI_PASSWORD = "";
const char *COMPUTER = "192.168.1.10";
const uint16_t PORT = 9250;
const uint32_t PERIOD_US = 10000; // 100 samples a second

#if defined(ESP32)
#include <WiFi.h>
#include <WiFiUdp.h>
WiFiUDP udp;
#endif

// acceleration without gravity, m/s^2, in the sensor's own axes
const char *HEADER = "# imu-csv v1 cols=id,t,qw,qx,qy,qz,ax,ay,az,n t=us acc=m/s2 gravity=out";

Adafruit_BNO08x imu(-1);
sh2_SensorValue_t value;
float w = 1, x = 0, y = 0, z = 0, ax = 0, ay = 0, az = 0;
uint32_t count = 0;

// with the checksum that lets the computer leave damaged lines out
void send(const char *line) {
  uint8_t checksum = 0;
  for (const char *c = line; *c; c++) checksum ^= *c;
  char end[5];
  snprintf(end, sizeof end, "*%02X\n", checksum);
#if defined(ESP32)
  if (*WIFI_NAME) {
    udp.beginPacket(COMPUTER, PORT);
    udp.print(line);
    udp.print(end);
    udp.endPacket();
    return;
  }
#endif
  Serial.print(line);
  Serial.print(end);
}

void enable() {
  imu.enableReport(SH2_GAME_ROTATION_VECTOR, PERIOD_US); // six axes: no magnet indoors can turn it
  imu.enableReport(SH2_LINEAR_ACCELERATION, PERIOD_US);
}

void setup() {
  Serial.begin(115200);
#if defined(ESP32)
  if (*WIFI_NAME) {
    WiFi.begin(WIFI_NAME, WIFI_PASSWORD);
    WiFi.setSleep(false); // else packets wait for the router, by 100 ms and more
    while (WiFi.status() != WL_CONNECTED) delay(100);
  }
#endif
  while (!imu.begin_I2C()) delay(500);
  enable();
  send(HEADER);
}

void loop() {
  // the computer asks for the header with a question mark
  while (Serial.available()) {
    if (Serial.read() == '?') send(HEADER);
  }

  if (imu.wasReset()) enable();
  if (!imu.getSensorEvent(&value)) return;
  if (value.sensorId == SH2_LINEAR_ACCELERATION) {
    ax = value.un.linearAcceleration.x;
    ay = value.un.linearAcceleration.y;
    az = value.un.linearAcceleration.z;
    return;
  }
  if (value.sensorId != SH2_GAME_ROTATION_VECTOR) return;
  w = value.un.gameRotationVector.real;
  x = value.un.gameRotationVector.i;
  y = value.un.gameRotationVector.j;
  z = value.un.gameRotationVector.k;

  char line[160];
  snprintf(line, sizeof line, "%s,%lu,%.5f,%.5f,%.5f,%.5f,%.4f,%.4f,%.4f,%lu", NAME, (unsigned long)micros(), w, x, y,
           z, ax, ay, az, (unsigned long)count++);
  send(line);
  if (count % 500 == 0) send(HEADER); // over UDP nobody asks
}
