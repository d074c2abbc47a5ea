<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de_DE">
<context>
    <name>BodyFigure</name>
    <message>
        <source>Where sensors are worn</source>
        <translation>Wo Sensoren getragen werden</translation>
    </message>
    <message>
        <source>Worn: {0}. Empty: {1}.</source>
        <translation>Belegt: {0}. Frei: {1}.</translation>
    </message>
</context>
<context>
    <name>BodyView</name>
    <message>
        <source>Performer in 3D</source>
        <translation>Darsteller in 3D</translation>
    </message>
    <message>
        <source>Arrow keys turn the view, plus and minus go nearer, Home starts over.</source>
        <translation>Pfeiltasten drehen die Ansicht, Plus und Minus ändern den Abstand, Pos1 stellt sie zurück.</translation>
    </message>
</context>
<context>
    <name>CalibratePage</name>
    <message>
        <source>Calibrate</source>
        <translation>Kalibrieren</translation>
    </message>
    <message>
        <source>The performer stands in front of the screen and follows what is written large.</source>
        <translation>Der Darsteller steht vor dem Bildschirm und tut, was groß dort steht.</translation>
    </message>
    <message>
        <source>&amp;Whole, with checks (one minute)</source>
        <translation>&amp;Ganz, mit Prüfungen (eine Minute)</translation>
    </message>
    <message>
        <source>&amp;Quick: T-pose and steps, no checks</source>
        <translation>&amp;Schnell: T-Pose und Schritte, ohne Prüfungen</translation>
    </message>
    <message>
        <source>&amp;Kept from today: stand facing forward</source>
        <translation>&amp;Die von heute: nach vorn gewandt stehen</translation>
    </message>
    <message>
        <source>&amp;Start calibration</source>
        <translation>Kalibrierung &amp;starten</translation>
    </message>
    <message>
        <source>Use the kept one instead</source>
        <translation>Stattdessen die gespeicherte nehmen</translation>
    </message>
    <message>
        <source>Steps of the calibration</source>
        <translation>Schritte der Kalibrierung</translation>
    </message>
    <message>
        <source>How far the step is</source>
        <translation>Wie weit der Schritt ist</translation>
    </message>
    <message>
        <source>&amp;Start again</source>
        <translation>Von &amp;vorn</translation>
    </message>
    <message>
        <source>Attempt {0} of {1}.</source>
        <translation>Versuch {0} von {1}.</translation>
    </message>
    <message>
        <source>Still moving: {0}.</source>
        <translation>Noch in Bewegung: {0}.</translation>
    </message>
</context>
<context>
    <name>Camera</name>
    <message>
        <source>Camera</source>
        <translation>Kamera</translation>
    </message>
    <message>
        <source>its network is loaded, sensors alone</source>
        <translation>ihr Netz wird geladen, die Sensoren allein</translation>
    </message>
    <message>
        <source>its network is loaded, the pose waits</source>
        <translation>ihr Netz wird geladen, die Pose wartet</translation>
    </message>
    <message>
        <source>its network is dead, sensors alone</source>
        <translation>ihr Netz läuft nicht mehr, die Sensoren allein</translation>
    </message>
    <message>
        <source>its network is dead, the pose waits</source>
        <translation>ihr Netz läuft nicht mehr, die Pose wartet</translation>
    </message>
    <message>
        <source>no picture, sensors alone</source>
        <translation>kein Bild, die Sensoren allein</translation>
    </message>
    <message>
        <source>no picture, the pose waits</source>
        <translation>kein Bild, die Pose wartet</translation>
    </message>
    <message>
        <source>performer hidden, sensors alone</source>
        <translation>Darsteller verdeckt, die Sensoren allein</translation>
    </message>
    <message>
        <source>performer hidden, the pose waits</source>
        <translation>Darsteller verdeckt, die Pose wartet</translation>
    </message>
    <message>
        <source>finding where it stands, sensors alone; move about</source>
        <translation>ihr Standort wird gesucht, die Sensoren allein; bewege dich</translation>
    </message>
    <message>
        <source>stand upright in the camera&apos;s sight, the whole body in the picture, for some seconds</source>
        <translation>steh ein paar Sekunden aufrecht vor der Kamera, der ganze Körper im Bild</translation>
    </message>
    <message>
        <source>at work</source>
        <translation>in Betrieb</translation>
    </message>
    <message>
        <source>at work; wave your arms, so that its delay is found</source>
        <translation>in Betrieb; winke mit den Armen, damit ihre Verspätung gefunden wird</translation>
    </message>
</context>
<context>
    <name>CameraPanel</name>
    <message>
        <source>Opening the camera…</source>
        <translation>Die Kamera wird geöffnet…</translation>
    </message>
</context>
<context>
    <name>CameraView</name>
    <message>
        <source>Camera</source>
        <translation>Kamera</translation>
    </message>
    <message>
        <source>Performer not seen</source>
        <translation>Darsteller nicht zu sehen</translation>
    </message>
</context>
<context>
    <name>CheckPage</name>
    <message>
        <source>Check</source>
        <translation>Prüfen</translation>
    </message>
    <message>
        <source>Move, and compare with the figure. A sensor that does not fit can be calibrated again by itself.</source>
        <translation>Bewege dich und vergleiche mit der Figur. Ein Sensor, der nicht passt, lässt sich einzeln neu kalibrieren.</translation>
    </message>
    <message>
        <source>Worn on</source>
        <translation>Ort</translation>
    </message>
    <message>
        <source>Found</source>
        <translation>Befund</translation>
    </message>
    <message>
        <source>Why</source>
        <translation>Grund</translation>
    </message>
    <message>
        <source>What the calibration found</source>
        <translation>Was die Kalibrierung ergab</translation>
    </message>
    <message>
        <source>&amp;Redo this one</source>
        <translation>Diesen &amp;neu</translation>
    </message>
    <message>
        <source>&amp;Yaw reset</source>
        <translation>&amp;Richtung neu</translation>
    </message>
    <message>
        <source>The way the performer faces now becomes forward. In any pose.</source>
        <translation>Wohin der Darsteller jetzt schaut, wird vorn. In jeder Haltung.</translation>
    </message>
    <message>
        <source>F&amp;ull reset</source>
        <translation>&amp;Alles neu</translation>
    </message>
    <message>
        <source>Stand in the T-pose, facing forward: headings and straps anew.</source>
        <translation>In der T-Pose nach vorn gewandt stehen: Richtungen und Gurte neu.</translation>
    </message>
    <message>
        <source>good</source>
        <translation>gut</translation>
    </message>
    <message>
        <source>look at it</source>
        <translation>ansehen</translation>
    </message>
    <message>
        <source>redo</source>
        <translation>neu</translation>
    </message>
</context>
<context>
    <name>ConnectPage</name>
    <message>
        <source>Connect</source>
        <translation>Verbinden</translation>
    </message>
    <message>
        <source>0; or another number, an address, a video</source>
        <translation>0; oder eine andere Nummer, eine Adresse, ein Video</translation>
    </message>
    <message>
        <source>not known</source>
        <translation>nicht bekannt</translation>
    </message>
    <message>
        <source>Degrees along the longer side of its picture. Phones: 65 to 75, webcams: 55 to 80.</source>
        <translation>Grad entlang der längeren Seite ihres Bildes. Telefone: 65 bis 75, Webcams: 55 bis 80.</translation>
    </message>
    <message>
        <source>Put the camera where it sees the whole body, then connect.</source>
        <translation>Stell die Kamera so auf, dass sie den ganzen Körper sieht, und verbinde dann.</translation>
    </message>
    <message>
        <source>Switch the sensors on, then connect. None at hand? Try it without.</source>
        <translation>Schalte die Sensoren ein und verbinde. Keine zur Hand? Probier es ohne aus.</translation>
    </message>
    <message>
        <source>&amp;Try it without sensors</source>
        <translation>&amp;Ohne Sensoren ausprobieren</translation>
    </message>
    <message>
        <source>A simulated performer walks in six simulated sensors.</source>
        <translation>Ein simulierter Darsteller geht mit sechs simulierten Sensoren umher.</translation>
    </message>
    <message>
        <source>&amp;Connect</source>
        <translation>&amp;Verbinden</translation>
    </message>
    <message>
        <source>Captured &amp;with:</source>
        <translation>A&amp;ufnahme mit:</translation>
    </message>
    <message>
        <source>&amp;Sensors:</source>
        <translation>&amp;Sensoren:</translation>
    </message>
    <message>
        <source>&amp;Performer:</source>
        <translation>&amp;Darsteller:</translation>
    </message>
    <message>
        <source>&amp;Height:</source>
        <translation>&amp;Größe:</translation>
    </message>
    <message>
        <source>C&amp;amera:</source>
        <translation>&amp;Kamera:</translation>
    </message>
    <message>
        <source>Fi&amp;eld of view:</source>
        <translation>Bild&amp;winkel:</translation>
    </message>
    <message>
        <source>Live:</source>
        <translation>Live:</translation>
    </message>
    <message>
        <source>Ta&amp;kes in:</source>
        <translation>A&amp;ufnahmen in:</translation>
    </message>
    <message>
        <source>Sensors</source>
        <translation>Sensoren</translation>
    </message>
    <message>
        <source>Sensors and a camera</source>
        <translation>Sensoren und Kamera</translation>
    </message>
    <message>
        <source>A camera alone</source>
        <translation>Kamera allein</translation>
    </message>
    <message>
        <source>All within reach</source>
        <translation>Alle in Reichweite</translation>
    </message>
    <message>
        <source>Simulated, with calibration</source>
        <translation>Simulierte, mit Kalibrierung</translation>
    </message>
    <message>
        <source>Choose the folder of takes</source>
        <translation>Ordner der Aufnahmen wählen</translation>
    </message>
    <message>
        <source>Folder of takes</source>
        <translation>Ordner der Aufnahmen</translation>
    </message>
    <message>
        <source>Sto&amp;p</source>
        <translation>&amp;Beenden</translation>
    </message>
</context>
<context>
    <name>DeviceRows</name>
    <message>
        <source>failed: {0}</source>
        <translation>ausgefallen: {0}</translation>
    </message>
    <message>
        <source>waiting for sensors</source>
        <translation>wartet auf Sensoren</translation>
    </message>
    <message>
        <source>disturbed</source>
        <translation>gestört</translation>
    </message>
    <message>
        <source>good</source>
        <translation>gut</translation>
    </message>
    <message>
        <source>lost, trying again</source>
        <translation>verloren, neuer Versuch</translation>
    </message>
    <message>
        <source>silent</source>
        <translation>still</translation>
    </message>
    <message>
        <source>loses much</source>
        <translation>verliert viel</translation>
    </message>
    <message>
        <source>battery low</source>
        <translation>Akku schwach</translation>
    </message>
    <message>
        <source>magnet near</source>
        <translation>Magnet nah</translation>
    </message>
    <message>
        <source>late</source>
        <translation>spät</translation>
    </message>
    <message>
        <source>loses some</source>
        <translation>verliert etwas</translation>
    </message>
    <message>
        <source>slow</source>
        <translation>langsam</translation>
    </message>
    <message>
        <source>not worn</source>
        <translation>kein Ort</translation>
    </message>
</context>
<context>
    <name>DevicesPanel</name>
    <message>
        <source>– choose –</source>
        <translation>– wählen –</translation>
    </message>
    <message>
        <source>Where the chosen sensor is worn</source>
        <translation>Wo der gewählte Sensor getragen wird</translation>
    </message>
    <message>
        <source>Shake to &amp;identify</source>
        <translation>&amp;Schütteln zum Erkennen</translation>
    </message>
    <message>
        <source>Shake one sensor: its row is chosen.</source>
        <translation>Schüttle einen Sensor: seine Zeile wird gewählt.</translation>
    </message>
    <message>
        <source>Sensor</source>
        <translation>Sensor</translation>
    </message>
    <message>
        <source>Worn on</source>
        <translation>Ort</translation>
    </message>
    <message>
        <source>State</source>
        <translation>Zustand</translation>
    </message>
    <message>
        <source>Hz</source>
        <translation>Hz</translation>
    </message>
    <message>
        <source>Age</source>
        <translation>Alter</translation>
    </message>
    <message>
        <source>Loss</source>
        <translation>Verlust</translation>
    </message>
    <message>
        <source>Battery</source>
        <translation>Akku</translation>
    </message>
    <message>
        <source>Field</source>
        <translation>Feld</translation>
    </message>
    <message>
        <source>Sensors</source>
        <translation>Sensoren</translation>
    </message>
    <message>
        <source>&amp;Search</source>
        <translation>S&amp;uchen</translation>
    </message>
    <message>
        <source>&amp;Add…</source>
        <translation>&amp;Hinzufügen…</translation>
    </message>
    <message>
        <source>&amp;Forget</source>
        <translation>&amp;Entfernen</translation>
    </message>
    <message>
        <source>O&amp;ptions…</source>
        <translation>O&amp;ptionen…</translation>
    </message>
    <message>
        <source>&amp;Worn on:</source>
        <translation>&amp;Ort:</translation>
    </message>
</context>
<context>
    <name>JobBar</name>
    <message>
        <source>Progress</source>
        <translation>Fortschritt</translation>
    </message>
    <message>
        <source>Ca&amp;ncel</source>
        <translation>A&amp;bbrechen</translation>
    </message>
    <message>
        <source>{0}: stopping</source>
        <translation>{0}: wird beendet</translation>
    </message>
</context>
<context>
    <name>LatencyBar</name>
    <message>
        <source>Latency</source>
        <translation>Verzögerung</translation>
    </message>
    <message>
        <source>Latency: no poses yet</source>
        <translation>Verzögerung: noch keine Posen</translation>
    </message>
    <message>
        <source>Latency {0} ms (99 of 100 under {1} ms):  {2}</source>
        <translation>Verzögerung {0} ms (99 von 100 unter {1} ms):  {2}</translation>
    </message>
</context>
<context>
    <name>Live</name>
    <message>
        <source>A session is running. Stop it first.</source>
        <translation>Es läuft schon eine Sitzung. Beende sie zuerst.</translation>
    </message>
    <message>
        <source>Nothing is connected yet. Connect first.</source>
        <translation>Noch ist nichts verbunden. Verbinde zuerst.</translation>
    </message>
</context>
<context>
    <name>LiveSwitches</name>
    <message>
        <source>S&amp;mooth</source>
        <translation>&amp;Glätten</translation>
    </message>
    <message>
        <source>Live poses tremble less. Takes stay as they are.</source>
        <translation>Live-Posen zittern weniger. Aufnahmen bleiben, wie sie sind.</translation>
    </message>
    <message>
        <source>Hold f&amp;eet</source>
        <translation>&amp;Füße halten</translation>
    </message>
    <message>
        <source>Live, standing feet do not slide. Takes stay as they are.</source>
        <translation>Live rutschen stehende Füße nicht. Aufnahmen bleiben, wie sie sind.</translation>
    </message>
    <message>
        <source>Mend &amp;drift</source>
        <translation>&amp;Drift ausgleichen</translation>
    </message>
    <message>
        <source>For sensors whose heading turns away in the course of minutes.</source>
        <translation>Für Sensoren, deren Richtung im Lauf von Minuten wegdreht.</translation>
    </message>
</context>
<context>
    <name>LogWindow</name>
    <message>
        <source>Log</source>
        <translation>Protokoll</translation>
    </message>
    <message>
        <source>&amp;Copy all</source>
        <translation>Alles &amp;kopieren</translation>
    </message>
</context>
<context>
    <name>MainWindow</name>
    <message>
        <source>Takes</source>
        <translation>Aufnahmen</translation>
    </message>
    <message>
        <source>Network</source>
        <translation>Netz</translation>
    </message>
    <message>
        <source>Places count from the next calibration on: calibrate again.</source>
        <translation>Die Orte gelten ab der nächsten Kalibrierung: kalibriere neu.</translation>
    </message>
    <message>
        <source>Recording starts</source>
        <translation>Gleich wird aufgenommen</translation>
    </message>
    <message>
        <source>Searching</source>
        <translation>Suche</translation>
    </message>
    <message>
        <source>Nothing new is within reach. Is it switched on, charged, and near?</source>
        <translation>Nichts Neues in Reichweite. Ist es eingeschaltet, geladen und nah?</translation>
    </message>
    <message>
        <source>Connecting to {0}.</source>
        <translation>Verbindung zu {0}.</translation>
    </message>
    <message>
        <source>Found {0}. Now connect.</source>
        <translation>{0} gefunden. Jetzt verbinden.</translation>
    </message>
    <message>
        <source>Add a device</source>
        <translation>Ein Gerät hinzufügen</translation>
    </message>
    <message>
        <source>FAMILY:ADDRESS, for example csv:/dev/ttyUSB0 or slimevr:udp:6969</source>
        <translation>FAMILIE:ADRESSE, zum Beispiel csv:/dev/ttyUSB0 oder slimevr:udp:6969</translation>
    </message>
    <message>
        <source>“{0}” is no FAMILY:ADDRESS. For example: csv:/dev/ttyUSB0</source>
        <translation>„{0}“ ist keine FAMILIE:ADRESSE. Zum Beispiel: csv:/dev/ttyUSB0</translation>
    </message>
    <message>
        <source>Opening {0}</source>
        <translation>{0} wird geöffnet</translation>
    </message>
    <message>
        <source>Finishing: the take is made whole and sensors are let go.</source>
        <translation>Wird beendet: die Aufnahme wird abgeschlossen, Sensoren werden freigegeben.</translation>
    </message>
</context>
<context>
    <name>Menus</name>
    <message>
        <source>&amp;Session</source>
        <translation>&amp;Sitzung</translation>
    </message>
    <message>
        <source>&amp;Try it without sensors</source>
        <translation>&amp;Ohne Sensoren ausprobieren</translation>
    </message>
    <message>
        <source>&amp;Connect or stop</source>
        <translation>&amp;Verbinden oder beenden</translation>
    </message>
    <message>
        <source>Se&amp;arch for sensors</source>
        <translation>Sensoren s&amp;uchen</translation>
    </message>
    <message>
        <source>&amp;Record or stop</source>
        <translation>&amp;Aufnehmen oder beenden</translation>
    </message>
    <message>
        <source>&amp;Next step</source>
        <translation>Nächster S&amp;chritt</translation>
    </message>
    <message>
        <source>&amp;Back</source>
        <translation>&amp;Zurück</translation>
    </message>
    <message>
        <source>&amp;Log</source>
        <translation>Pro&amp;tokoll</translation>
    </message>
    <message>
        <source>&amp;Quit</source>
        <translation>&amp;Beenden</translation>
    </message>
    <message>
        <source>&amp;View</source>
        <translation>&amp;Ansicht</translation>
    </message>
    <message>
        <source>As the &amp;desktop</source>
        <translation>Wie die &amp;Arbeitsumgebung</translation>
    </message>
    <message>
        <source>&amp;Light</source>
        <translation>&amp;Hell</translation>
    </message>
    <message>
        <source>Dar&amp;k</source>
        <translation>&amp;Dunkel</translation>
    </message>
    <message>
        <source>The system&apos;s language</source>
        <translation>Sprache des Systems</translation>
    </message>
    <message>
        <source>&amp;Sounds</source>
        <translation>&amp;Töne</translation>
    </message>
</context>
<context>
    <name>MessageBar</name>
    <message>
        <source>State of the session</source>
        <translation>Zustand der Sitzung</translation>
    </message>
    <message>
        <source>Last message</source>
        <translation>Letzte Meldung</translation>
    </message>
    <message>
        <source>&amp;Log</source>
        <translation>Pro&amp;tokoll</translation>
    </message>
</context>
<context>
    <name>NetworkBox</name>
    <message>
        <source>Mocamba&apos;s choice</source>
        <translation>Mocamba wählt</translation>
    </message>
    <message>
        <source>CPU</source>
        <translation>CPU</translation>
    </message>
    <message>
        <source>GPU (CUDA)</source>
        <translation>GPU (CUDA)</translation>
    </message>
    <message>
        <source>GPU (Apple)</source>
        <translation>GPU (Apple)</translation>
    </message>
    <message>
        <source>&amp;Use it</source>
        <translation>&amp;Nehmen</translation>
    </message>
    <message>
        <source>Net&amp;work:</source>
        <translation>&amp;Netz:</translation>
    </message>
    <message>
        <source>Runs &amp;on:</source>
        <translation>Läuft &amp;auf:</translation>
    </message>
    <message>
        <source> Error of all joints: {0}°.</source>
        <translation> Fehler aller Gelenke: {0}°.</translation>
    </message>
    <message>
        <source>Needs {0}. {1} million parameters.{2} Licence of the weights: {3}.</source>
        <translation>Braucht {0}. {1} Millionen Parameter.{2} Lizenz der Gewichte: {3}.</translation>
    </message>
    <message>
        <source>&amp;Use it now</source>
        <translation>&amp;Jetzt nehmen</translation>
    </message>
    <message>
        <source>&amp;Use it from the next start on</source>
        <translation>Ab dem nächsten Start &amp;nehmen</translation>
    </message>
    <message>
        <source>The network is not loaded.</source>
        <translation>Das Netz ist nicht geladen.</translation>
    </message>
    <message>
        <source>Loading {0}…</source>
        <translation>{0} wird geladen…</translation>
    </message>
    <message>
        <source>{0} is running</source>
        <translation>{0} läuft</translation>
    </message>
    <message>
        <source>The worker with {0} stopped. Choose a network to start it anew.</source>
        <translation>Der Prozess mit {0} ist beendet. Wähle ein Netz, um ihn neu zu starten.</translation>
    </message>
    <message>
        <source>{0} is not loaded.</source>
        <translation>{0} ist nicht geladen.</translation>
    </message>
    <message>
        <source> on {0}, {1} ms a frame of 16.7.</source>
        <translation> auf {0}, {1} ms je Bild von 16,7.</translation>
    </message>
    <message>
        <source>none</source>
        <translation>keine</translation>
    </message>
    <message>
        <source>GPUs here: {0}.</source>
        <translation>GPUs hier: {0}.</translation>
    </message>
</context>
<context>
    <name>OptionsDialog</name>
    <message>
        <source>Options of sensors</source>
        <translation>Optionen der Sensoren</translation>
    </message>
    <message>
        <source>They count from the next connection on.</source>
        <translation>Sie gelten ab der nächsten Verbindung.</translation>
    </message>
</context>
<context>
    <name>PlacePage</name>
    <message>
        <source>Place</source>
        <translation>Anlegen</translation>
    </message>
    <message>
        <source>Put the sensors on: forearms near the wrist, shins above the ankle, back of the head, back of the pelvis. Drag each from the list onto the figure, or choose it and its place. Which is which? Tick “Shake to identify” and shake one.</source>
        <translation>Lege die Sensoren an: Unterarme nah am Handgelenk, Schienbeine über dem Knöchel, Hinterkopf, Kreuzbein. Zieh jeden aus der Liste auf die Figur, oder wähle ihn und seinen Ort. Welcher ist welcher? „Schütteln zum Erkennen“ einschalten und einen schütteln.</translation>
    </message>
    <message>
        <source>All six places have a sensor.</source>
        <translation>Alle sechs Orte haben einen Sensor.</translation>
    </message>
    <message>
        <source>The pelvis needs a sensor. Empty: {0}.</source>
        <translation>Das Becken braucht einen Sensor. Frei: {0}.</translation>
    </message>
    <message>
        <source>Empty, and predicted: {0}.</source>
        <translation>Frei, wird vorhergesagt: {0}.</translation>
    </message>
</context>
<context>
    <name>Prompts</name>
    <message>
        <source>Stand still, arms hanging, and look where you want to face.</source>
        <translation>Steh still, die Arme hängen, und schau dorthin, wo vorn sein soll.</translation>
    </message>
    <message>
        <source>Walk two steps straight forward, stop with your feet side by side, and stand still.</source>
        <translation>Geh zwei Schritte geradeaus, stell die Füße nebeneinander und steh still.</translation>
    </message>
    <message>
        <source>Hold your arms straight out to the sides, palms down, and stand still.</source>
        <translation>Streck die Arme gerade zur Seite, Handflächen nach unten, und steh still.</translation>
    </message>
    <message>
        <source>Let your arms hang. Then lift your LEFT arm sideways to the height of the shoulder, and lower it.</source>
        <translation>Lass die Arme hängen. Heb dann den LINKEN Arm seitlich bis zur Schulter und senk ihn.</translation>
    </message>
    <message>
        <source>Stand still. Then lift your RIGHT heel towards your seat, knee where it is, and put it down.</source>
        <translation>Steh still. Heb dann die RECHTE Ferse zum Gesäß, das Knie bleibt, und stell sie ab.</translation>
    </message>
    <message>
        <source>Stand still. Then look down at your feet, with your head alone, and up again.</source>
        <translation>Steh still. Schau dann nur mit dem Kopf auf die Füße und wieder hoch.</translation>
    </message>
    <message>
        <source>Stand still. Then bow from the hips, and come up again.</source>
        <translation>Steh still. Beug dich dann aus der Hüfte vor und komm wieder hoch.</translation>
    </message>
    <message>
        <source>Stand still. Then turn a quarter to the left with your whole body, and back again.</source>
        <translation>Steh still. Dreh dich dann mit dem ganzen Körper eine Vierteldrehung nach links und zurück.</translation>
    </message>
    <message>
        <source>Stand still in sight of the camera. Then jump once, and stand still.</source>
        <translation>Steh still im Bild der Kamera. Spring dann einmal und steh still.</translation>
    </message>
    <message>
        <source>Calibrated.</source>
        <translation>Kalibriert.</translation>
    </message>
    <message>
        <source>Not calibrated.</source>
        <translation>Nicht kalibriert.</translation>
    </message>
    <message>
        <source>Stand still in the T-pose, then walk a few steps.</source>
        <translation>Steh still in der T-Pose, dann geh ein paar Schritte.</translation>
    </message>
    <message>
        <source>Stand still in the T-pose, facing the way that is to be forward: the calibration kept for you is used.</source>
        <translation>Steh still in der T-Pose, dorthin gewandt, wo vorn sein soll: deine gespeicherte Kalibrierung wird genommen.</translation>
    </message>
    <message>
        <source>Put the sensors on, say where each is worn, and calibrate.</source>
        <translation>Lege die Sensoren an, sag, wo jeder sitzt, und kalibriere.</translation>
    </message>
    <message>
        <source>Listening for sensors.</source>
        <translation>Es wird nach Sensoren gehört.</translation>
    </message>
    <message>
        <source>Looking for sensors.</source>
        <translation>Es wird nach Sensoren gesucht.</translation>
    </message>
    <message>
        <source>Your arms are not out to the sides yet.</source>
        <translation>Deine Arme sind noch nicht zur Seite gestreckt.</translation>
    </message>
    <message>
        <source>No direction could be told: take two whole, brisk steps straight ahead.</source>
        <translation>Die Richtung war nicht zu erkennen: geh zwei ganze, zügige Schritte geradeaus.</translation>
    </message>
    <message>
        <source>Live with the camera.</source>
        <translation>Live mit der Kamera.</translation>
    </message>
</context>
<context>
    <name>RecordBox</name>
    <message>
        <source>Record</source>
        <translation>Aufnehmen</translation>
    </message>
    <message>
        <source>after {0} s</source>
        <translation>nach {0} s</translation>
    </message>
    <message>
        <source>at once</source>
        <translation>sofort</translation>
    </message>
    <message>
        <source>Delay before the recording</source>
        <translation>Verzögerung vor der Aufnahme</translation>
    </message>
    <message>
        <source>Na&amp;me:</source>
        <translation>Na&amp;me:</translation>
    </message>
    <message>
        <source>■  Stop recording</source>
        <translation>■  Aufnahme beenden</translation>
    </message>
    <message>
        <source>●  Record</source>
        <translation>●  Aufnehmen</translation>
    </message>
    <message>
        <source>Cancel the countdown</source>
        <translation>Countdown abbrechen</translation>
    </message>
    <message>
        <source>Nothing is live yet.</source>
        <translation>Noch ist nichts live.</translation>
    </message>
    <message>
        <source>{0}: {1} s, {2} samples</source>
        <translation>{0}: {1} s, {2} Messwerte</translation>
    </message>
    <message>
        <source>{0} lost to a slow disk</source>
        <translation>{0} an eine langsame Platte verloren</translation>
    </message>
    <message>
        <source>only </source>
        <translation>nur </translation>
    </message>
    <message>
        <source>{0}{1} GB free</source>
        <translation>{0}{1} GB frei</translation>
    </message>
</context>
<context>
    <name>RecordPage</name>
    <message>
        <source>Record</source>
        <translation>Aufnehmen</translation>
    </message>
    <message>
        <source>Begin each take standing upright. Space starts and stops; takes appear below when they are whole.</source>
        <translation>Beginne jede Aufnahme aufrecht stehend. Die Leertaste startet und beendet; fertige Aufnahmen erscheinen unten.</translation>
    </message>
    <message>
        <source>Begin each take in the T-pose. Space starts and stops; takes appear below when they are whole.</source>
        <translation>Beginne jede Aufnahme in der T-Pose. Die Leertaste startet und beendet; fertige Aufnahmen erscheinen unten.</translation>
    </message>
    <message>
        <source>{0} poses, {1} dropped. Confidence {2} %.</source>
        <translation>{0} Posen, {1} ausgelassen. Sicherheit {2} %.</translation>
    </message>
    <message>
        <source>Blender and others connected: {0}.</source>
        <translation>Blender und andere verbunden: {0}.</translation>
    </message>
</context>
<context>
    <name>ReplayBar</name>
    <message>
        <source>Moment of the take</source>
        <translation>Zeitpunkt der Aufnahme</translation>
    </message>
    <message>
        <source>Back to &amp;live</source>
        <translation>Zurück zu &amp;live</translation>
    </message>
    <message>
        <source>&amp;Play</source>
        <translation>&amp;Abspielen</translation>
    </message>
    <message>
        <source>&amp;Pause</source>
        <translation>&amp;Pause</translation>
    </message>
</context>
<context>
    <name>StandPage</name>
    <message>
        <source>Stand</source>
        <translation>Stehen</translation>
    </message>
    <message>
        <source>Stand upright for two seconds, arms hanging, the whole body in the picture. The camera stands still from now on: if you move it, stop and connect again.</source>
        <translation>Steh zwei Sekunden aufrecht, die Arme hängend, der ganze Körper im Bild. Ab jetzt bleibt die Kamera, wo sie ist: Wer sie bewegt, stoppt und verbindet neu.</translation>
    </message>
</context>
<context>
    <name>TakesBox</name>
    <message>
        <source>Takes</source>
        <translation>Aufnahmen</translation>
    </message>
    <message>
        <source>&amp;Replay</source>
        <translation>A&amp;bspielen</translation>
    </message>
    <message>
        <source>&amp;Solve again</source>
        <translation>Neu &amp;lösen</translation>
    </message>
    <message>
        <source>&amp;Export…</source>
        <translation>&amp;Exportieren…</translation>
    </message>
    <message>
        <source>From a &amp;video…</source>
        <translation>Aus einem &amp;Video…</translation>
    </message>
    <message>
        <source>A&amp;dd a video…</source>
        <translation>Video &amp;dazu…</translation>
    </message>
    <message>
        <source>Re&amp;pair</source>
        <translation>Re&amp;parieren</translation>
    </message>
    <message>
        <source>Open &amp;folder</source>
        <translation>&amp;Ordner öffnen</translation>
    </message>
    <message>
        <source>Re&amp;fresh</source>
        <translation>&amp;Auffrischen</translation>
    </message>
    <message>
        <source>As solved</source>
        <translation>Wie gelöst</translation>
    </message>
    <message>
        <source>Feet</source>
        <translation>Füße</translation>
    </message>
    <message>
        <source>Feet and smooth</source>
        <translation>Füße und geglättet</translation>
    </message>
    <message>
        <source>After solving</source>
        <translation>Nach dem Lösen</translation>
    </message>
    <message>
        <source>Feet: on the floor, and standing ones do not slide. Smooth: tremor is taken away.</source>
        <translation>Füße: auf dem Boden, und stehende rutschen nicht. Geglättet: Zittern wird weggenommen.</translation>
    </message>
    <message>
        <source>Listing takes</source>
        <translation>Aufnahmen werden gelistet</translation>
    </message>
    <message>
        <source>not solved yet</source>
        <translation>noch nicht gelöst</translation>
    </message>
    <message>
        <source>damaged: choose Repair</source>
        <translation>beschädigt: Reparieren wählen</translation>
    </message>
    <message>
        <source>Drawing thumbnails</source>
        <translation>Vorschaubilder werden gezeichnet</translation>
    </message>
    <message>
        <source>Solving {0}</source>
        <translation>{0} wird gelöst</translation>
    </message>
    <message>
        <source>Repairing {0}</source>
        <translation>{0} wird repariert</translation>
    </message>
    <message>
        <source>Export the take</source>
        <translation>Die Aufnahme exportieren</translation>
    </message>
    <message>
        <source>Animations ({0})</source>
        <translation>Animationen ({0})</translation>
    </message>
    <message>
        <source>Exporting {0}</source>
        <translation>{0} wird exportiert</translation>
    </message>
    <message>
        <source>Adding {0}</source>
        <translation>{0} wird dazugenommen</translation>
    </message>
    <message>
        <source>{0}: done.</source>
        <translation>{0}: fertig.</translation>
    </message>
</context>
<context>
    <name>VideoDialog</name>
    <message>
        <source>Add a video to {0}</source>
        <translation>Ein Video zu {0}</translation>
    </message>
    <message>
        <source>&amp;Browse…</source>
        <translation>Durch&amp;suchen…</translation>
    </message>
    <message>
        <source>I &amp;know when it begins:</source>
        <translation>Beginn ist be&amp;kannt:</translation>
    </message>
    <message>
        <source> s of the take</source>
        <translation> s der Aufnahme</translation>
    </message>
    <message>
        <source>To about half a second; less than 0 where the video begins before the take.</source>
        <translation>Auf etwa eine halbe Sekunde; unter 0, wo das Video vor der Aufnahme beginnt.</translation>
    </message>
    <message>
        <source>Video</source>
        <translation>Video</translation>
    </message>
    <message>
        <source>Begins at</source>
        <translation>Beginnt bei</translation>
    </message>
    <message>
        <source>A video of the same performance, by any camera that stood still. Sensors and video are solved together; when it began is found by the movement.</source>
        <translation>Ein Video derselben Bewegung, von irgendeiner Kamera, die stillstand. Sensoren und Video werden zusammen gelöst; wann es begann, verrät die Bewegung.</translation>
    </message>
    <message>
        <source>It takes the place of the video that the take has.</source>
        <translation>Es ersetzt das Video, das die Aufnahme hat.</translation>
    </message>
    <message>
        <source>A video of one person</source>
        <translation>Ein Video einer Person</translation>
    </message>
    <message>
        <source>Videos ({0})</source>
        <translation>Videos ({0})</translation>
    </message>
</context>
<context>
    <name>Wizard</name>
    <message>
        <source>Steps</source>
        <translation>Schritte</translation>
    </message>
    <message>
        <source>&amp;Back</source>
        <translation>&amp;Zurück</translation>
    </message>
    <message>
        <source>&amp;Next</source>
        <translation>&amp;Weiter</translation>
    </message>
</context>
<context>
    <name>Words</name>
    <message>
        <source>left forearm</source>
        <translation>linker Unterarm</translation>
    </message>
    <message>
        <source>right forearm</source>
        <translation>rechter Unterarm</translation>
    </message>
    <message>
        <source>left shin</source>
        <translation>linkes Schienbein</translation>
    </message>
    <message>
        <source>right shin</source>
        <translation>rechtes Schienbein</translation>
    </message>
    <message>
        <source>head</source>
        <translation>Kopf</translation>
    </message>
    <message>
        <source>pelvis</source>
        <translation>Becken</translation>
    </message>
    <message>
        <source>left thigh</source>
        <translation>linker Oberschenkel</translation>
    </message>
    <message>
        <source>right thigh</source>
        <translation>rechter Oberschenkel</translation>
    </message>
    <message>
        <source>left foot</source>
        <translation>linker Fuß</translation>
    </message>
    <message>
        <source>right foot</source>
        <translation>rechter Fuß</translation>
    </message>
    <message>
        <source>Not running</source>
        <translation>Läuft nicht</translation>
    </message>
    <message>
        <source>Connecting</source>
        <translation>Verbindet</translation>
    </message>
    <message>
        <source>Calibrating</source>
        <translation>Kalibriert</translation>
    </message>
    <message>
        <source>Live</source>
        <translation>Live</translation>
    </message>
    <message>
        <source>Recording</source>
        <translation>Nimmt auf</translation>
    </message>
    <message>
        <source>Stopping</source>
        <translation>Wird beendet</translation>
    </message>
    <message>
        <source>Stopped by an error</source>
        <translation>Durch einen Fehler beendet</translation>
    </message>
    <message>
        <source>measured</source>
        <translation>gemessen</translation>
    </message>
    <message>
        <source>held</source>
        <translation>gehalten</translation>
    </message>
    <message>
        <source>silent, predicted</source>
        <translation>still, vorhergesagt</translation>
    </message>
    <message>
        <source>coming back</source>
        <translation>kommt zurück</translation>
    </message>
    <message>
        <source>no sensor</source>
        <translation>kein Sensor</translation>
    </message>
    <message>
        <source>Stand still</source>
        <translation>Still stehen</translation>
    </message>
    <message>
        <source>Two steps</source>
        <translation>Zwei Schritte</translation>
    </message>
    <message>
        <source>T-pose</source>
        <translation>T-Pose</translation>
    </message>
    <message>
        <source>Left arm</source>
        <translation>Linker Arm</translation>
    </message>
    <message>
        <source>Right leg</source>
        <translation>Rechtes Bein</translation>
    </message>
    <message>
        <source>Nod</source>
        <translation>Nicken</translation>
    </message>
    <message>
        <source>Bow</source>
        <translation>Verbeugen</translation>
    </message>
    <message>
        <source>Turn</source>
        <translation>Drehen</translation>
    </message>
    <message>
        <source>Jump</source>
        <translation>Springen</translation>
    </message>
    <message>
        <source>T-pose and steps</source>
        <translation>T-Pose und Schritte</translation>
    </message>
    <message>
        <source>Face forward</source>
        <translation>Nach vorn schauen</translation>
    </message>
    <message>
        <source>read</source>
        <translation>lesen</translation>
    </message>
    <message>
        <source>clock</source>
        <translation>Takt</translation>
    </message>
    <message>
        <source>fusion</source>
        <translation>Fusion</translation>
    </message>
    <message>
        <source>network</source>
        <translation>Netz</translation>
    </message>
    <message>
        <source>link</source>
        <translation>Weitergabe</translation>
    </message>
    <message>
        <source>all</source>
        <translation>alles</translation>
    </message>
</context>
</TS>
