sleep 2
client$ curl -s -o /dev/null http://172.18.0.3:31002/
